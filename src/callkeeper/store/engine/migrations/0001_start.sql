-- Reservations, their history, and what they need around them.
-- Instants are UTC milliseconds. A key starts with the VDN, so that the tables can be spread by it;
-- access_key alone is small and the same everywhere.

CREATE TABLE reservation (
  vdn INTEGER NOT NULL,
  id TEXT NOT NULL,                            -- sqlite
  id TEXT COLLATE "C" NOT NULL,                -- postgres
  version INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('manual', 'automatic')),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'calling', 'done', 'cancelled', 'expired')),
  campaign_id BIGINT NOT NULL,
  called_no TEXT NOT NULL,
  agent TEXT,
  appoint_at BIGINT NOT NULL,
  due_at BIGINT,
  tries INTEGER NOT NULL,
  call_data TEXT,
  remark TEXT,
  caller_no TEXT,
  fail_code TEXT,
  call_id TEXT,
  business_result TEXT,
  business_sub_result TEXT,
  begin_at BIGINT,
  end_at BIGINT,
  request TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (vdn, id)
)
WITH (fillfactor = 80)                         -- postgres
;
-- No index holds a column that a result changes which keeps the agent of a manual reservation:
-- PostgreSQL then updates the row in place (HOT).
CREATE INDEX reservation_by_time ON reservation (vdn, appoint_at, id);
CREATE INDEX reservation_by_agent ON reservation (vdn, agent, appoint_at, id);
CREATE INDEX reservation_by_campaign ON reservation (vdn, campaign_id, appoint_at, id);
CREATE INDEX reservation_by_number ON reservation (vdn, called_no, appoint_at, id);
CREATE INDEX reservation_due ON reservation (due_at) WHERE due_at IS NOT NULL;

-- The history: appended to, never changed. One row for each version of what it is about.
CREATE TABLE event (
  vdn INTEGER NOT NULL,
  subject TEXT NOT NULL,
  version INTEGER NOT NULL,
  happened_at BIGINT NOT NULL,
  what TEXT NOT NULL,
  by_whom TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (vdn, subject, version)
)
WITHOUT ROWID                                  -- sqlite
;

-- What an Idempotency-Key stood for when it was first seen.
CREATE TABLE idempotency (
  vdn INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  idempotency_body TEXT NOT NULL,
  id TEXT NOT NULL,
  seen_at BIGINT NOT NULL,
  PRIMARY KEY (vdn, idempotency_key)
)
WITHOUT ROWID                                  -- sqlite
;
CREATE INDEX idempotency_by_age ON idempotency (vdn, seen_at);

CREATE TABLE agent (
  vdn INTEGER NOT NULL,
  account TEXT NOT NULL,
  user_name TEXT,
  made_at BIGINT NOT NULL,
  PRIMARY KEY (vdn, account)
)
WITHOUT ROWID                                  -- sqlite
;

CREATE TABLE campaign (
  vdn INTEGER NOT NULL,
  id BIGINT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  description TEXT,
  status TEXT NOT NULL CHECK (status IN ('draft', 'started', 'paused')),
  begin_at BIGINT NOT NULL,
  end_at BIGINT NOT NULL,
  device_type INTEGER NOT NULL,
  caller_numbers TEXT NOT NULL,
  alerting_seconds_max INTEGER NOT NULL,
  workday_windows TEXT NOT NULL,
  special_day_windows TEXT NOT NULL,
  terms TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  deleted_at BIGINT,
  PRIMARY KEY (vdn, id)
);
CREATE UNIQUE INDEX campaign_name ON campaign (vdn, name) WHERE deleted_at IS NULL;
CREATE INDEX campaign_by_end ON campaign (vdn, end_at, device_type) WHERE deleted_at IS NULL;

-- The last campaign id that a VDN gave out; its row is also the lock under which its campaigns and
-- business results are written, so that quota and names hold with any number of processes.
CREATE TABLE campaign_counter (
  vdn INTEGER NOT NULL PRIMARY KEY,
  last_id BIGINT NOT NULL
);

CREATE TABLE business_result (
  vdn INTEGER NOT NULL,
  parent TEXT NOT NULL,
  code TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  made_at BIGINT NOT NULL,
  place INTEGER NOT NULL,
  PRIMARY KEY (vdn, parent, code)
)
WITHOUT ROWID                                  -- sqlite
;

CREATE TABLE access_key (
  ak TEXT NOT NULL PRIMARY KEY,
  vdn INTEGER,
  sealed_secret TEXT NOT NULL,
  note TEXT,
  made_at BIGINT NOT NULL,
  revoked_at BIGINT
);
