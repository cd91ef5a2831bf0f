-- What the dialer needs: its notes on a reservation, its attempts, who dials, how fast.

ALTER TABLE reservation ADD COLUMN look_at BIGINT;
ALTER TABLE reservation ADD COLUMN held_by TEXT;
ALTER TABLE reservation ADD COLUMN verdict TEXT;
UPDATE reservation SET look_at = due_at WHERE state = 'waiting' AND due_at IS NOT NULL;
DROP INDEX reservation_due;
CREATE INDEX reservation_to_look_at ON reservation (look_at, appoint_at) WHERE look_at IS NOT NULL;
CREATE INDEX reservation_held ON reservation (vdn, campaign_id)
WHERE held_by IS NOT NULL AND look_at IS NOT NULL;

-- A campaign's terms are stored as the wire names them; the dialer reads what it can do with.
ALTER TABLE campaign ADD COLUMN goes_to TEXT;
ALTER TABLE campaign ADD COLUMN practice TEXT NOT NULL DEFAULT '{}';
UPDATE campaign SET goes_to = 'ivr ' || json_extract(terms, '$.ivrParam.deviceSign') -- sqlite
WHERE device_type IN (1, 3);                   -- sqlite
UPDATE campaign SET goes_to = 'skill ' || json_extract(terms, '$.skillParam.skillId') -- sqlite
WHERE device_type IN (2, 5, 6);                -- sqlite
-- PostgreSQL reads no JSON with \u0000 in it, wherever it stands; what stands there is not for us.
UPDATE campaign SET goes_to =                                                  -- postgres
  'ivr ' || (replace(terms, '\u0000', '\u0001')::json #>> '{ivrParam,deviceSign}') -- postgres
WHERE device_type IN (1, 3);                   -- postgres
UPDATE campaign SET goes_to =                                                  -- postgres
  'skill ' || (replace(terms, '\u0000', '\u0001')::json #>> '{skillParam,skillId}') -- postgres
WHERE device_type IN (2, 5, 6);                -- postgres

-- One row for each try at calling, committed before the phone rings.
CREATE TABLE attempt (
  vdn INTEGER NOT NULL,
  id TEXT NOT NULL,                            -- sqlite
  id TEXT COLLATE "C" NOT NULL,                -- postgres
  reservation_id TEXT NOT NULL,                -- sqlite
  reservation_id TEXT COLLATE "C" NOT NULL,    -- postgres
  campaign_id BIGINT NOT NULL,
  number INTEGER NOT NULL,
  line TEXT NOT NULL,
  holder TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('claimed', 'placing', 'placed', 'ended')),
  called_no TEXT NOT NULL,
  caller_no TEXT,
  alerting_seconds INTEGER NOT NULL,
  due_at BIGINT NOT NULL,
  claimed_at BIGINT NOT NULL,
  placing_at BIGINT,
  placed_at BIGINT,
  ringing_at BIGINT,
  answered_at BIGINT,
  ended_at BIGINT,
  outcome TEXT,
  fail_code TEXT,
  cause INTEGER,
  cause_text TEXT,
  sip_code INTEGER,
  PRIMARY KEY (vdn, id)
)
WITH (fillfactor = 70)                         -- postgres
;
-- The first promise: at most one live attempt for a reservation, whatever any process believes.
CREATE UNIQUE INDEX attempt_live ON attempt (vdn, reservation_id) WHERE state <> 'ended';
CREATE INDEX attempt_by_reservation ON attempt (vdn, reservation_id, claimed_at);
CREATE INDEX attempt_in_progress ON attempt (line, vdn, campaign_id) WHERE state <> 'ended';

-- Who dials. Small, and the same everywhere, as access_key is. A dispatcher answers for its
-- attempts until lease_until, which it keeps moving; afterwards another one looks after them.
CREATE TABLE dispatcher (
  name TEXT NOT NULL PRIMARY KEY,
  line TEXT NOT NULL,
  begun_at BIGINT NOT NULL,
  said_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  is_up INTEGER NOT NULL,
  per_second DOUBLE PRECISION NOT NULL
);

-- When a line may make its next call, in UTC microseconds, whoever dials over it.
CREATE TABLE line (
  name TEXT NOT NULL PRIMARY KEY,
  next_at BIGINT NOT NULL
);
