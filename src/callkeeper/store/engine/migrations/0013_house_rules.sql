-- What a VDN decides for itself, as one JSON object: see decision 0029. VDNs without a row have the
-- rules that the program has for them.
CREATE TABLE house_rules (
  vdn INTEGER NOT NULL PRIMARY KEY,
  version INTEGER NOT NULL,
  rules TEXT NOT NULL
);

-- Calendars that people subscribe to, one each. Of a token its SHA-256 alone is stored.
CREATE TABLE feed (
  digest TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL,                         -- sqlite
  login TEXT COLLATE "C" NOT NULL,             -- postgres
  made_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX feed_by_login ON feed (login);
