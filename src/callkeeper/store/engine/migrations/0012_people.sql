-- People: who they are, what they may, how they sign in, and what they did. Small tables, the same
-- everywhere, but for the deeds.

CREATE TABLE person (
  login TEXT NOT NULL PRIMARY KEY,             -- sqlite
  login TEXT COLLATE "C" NOT NULL PRIMARY KEY, -- postgres
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  language TEXT,
  zone TEXT,
  made_at BIGINT NOT NULL,
  disabled_at BIGINT,
  password_hash TEXT
);

-- A person is at most one thing in a VDN. VDN 0 is the installation.
CREATE TABLE role (
  login TEXT NOT NULL,                         -- sqlite
  login TEXT COLLATE "C" NOT NULL,             -- postgres
  kind TEXT NOT NULL CHECK (kind IN ('agent', 'supervisor', 'administrator', 'operator')),
  vdn INTEGER NOT NULL,
  agent TEXT,
  PRIMARY KEY (login, vdn),
  CHECK ((kind = 'operator') = (vdn = 0))
)
WITHOUT ROWID                                  -- sqlite
;

-- Of a token its SHA-256 alone is stored.
CREATE TABLE session (
  digest TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL,                         -- sqlite
  login TEXT COLLATE "C" NOT NULL,             -- postgres
  made_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL
);
CREATE INDEX session_by_login ON session (login, made_at);

CREATE TABLE link (
  digest TEXT NOT NULL PRIMARY KEY,
  login TEXT NOT NULL,                         -- sqlite
  login TEXT COLLATE "C" NOT NULL,             -- postgres
  made_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX link_by_login ON link (login);

-- The SHA-256 of what was typed as the login: it may have been a password.
CREATE TABLE guess (
  digest TEXT NOT NULL PRIMARY KEY,
  guesses INTEGER NOT NULL,
  guessed_at BIGINT NOT NULL
);
CREATE INDEX guess_by_age ON guess (guessed_at);

-- What people did to people, keys and rules: appended to, never changed.
CREATE TABLE deed (
  number INTEGER NOT NULL PRIMARY KEY,                            -- sqlite
  number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,         -- postgres
  happened_at BIGINT NOT NULL,
  by_whom TEXT NOT NULL,
  what TEXT NOT NULL,
  subject TEXT NOT NULL,
  vdn INTEGER,
  detail TEXT NOT NULL
);
CREATE INDEX deed_by_time ON deed (happened_at, number);
CREATE INDEX deed_of_vdn ON deed (vdn, happened_at, number);
