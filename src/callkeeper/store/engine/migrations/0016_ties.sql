-- Which account at a single sign-on is whose: of a person one, and none is two people's. They are
-- known by what their provider calls them for ever, and by nothing else.
CREATE TABLE tie (
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  login TEXT NOT NULL UNIQUE,                    -- sqlite
  login TEXT COLLATE "C" NOT NULL UNIQUE,        -- postgres
  PRIMARY KEY (issuer, subject)
)
WITHOUT ROWID                                    -- sqlite
;
