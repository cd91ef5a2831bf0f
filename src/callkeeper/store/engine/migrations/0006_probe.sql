-- What readiness writes, to know that it can: one row.
CREATE TABLE probe (
  id INTEGER NOT NULL PRIMARY KEY,
  writes BIGINT NOT NULL
);
INSERT INTO probe (id, writes) VALUES (1, 0);
