-- Until when somebody is there, in a VDN where they have a role; VDN 0 is the installation. One row
-- for each role, renewed each ten seconds while a page is open; what changes is in no index, so
-- PostgreSQL writes it in place.
CREATE TABLE presence (
  vdn INTEGER NOT NULL,
  login TEXT NOT NULL,                         -- sqlite
  login TEXT COLLATE "C" NOT NULL,             -- postgres
  lease_until BIGINT NOT NULL,
  PRIMARY KEY (vdn, login)
)
WITHOUT ROWID                                  -- sqlite
WITH (fillfactor = 50)                         -- postgres
;

-- The people of a VDN, and the agents they are.
CREATE INDEX role_of_vdn ON role (vdn);

-- Since when somebody is away who has said so.
ALTER TABLE person ADD COLUMN away_since BIGINT;
