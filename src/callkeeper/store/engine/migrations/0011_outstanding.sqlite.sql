-- What still wants somebody's act, so that a page which many look at reads no more than that: what
-- waits and what is being called; and, until a person files a result or says that it was seen, what
-- expired, and what ended with no word of its call or a call that was refused. Triggers keep it,
-- whoever writes. See decision 0021.
ALTER TABLE reservation ADD COLUMN seen_at BIGINT;

-- From promised_at on it is late: the time that the customer was told, or when its campaign's hours
-- put it to.
CREATE TABLE outstanding (
  vdn INTEGER NOT NULL,
  promised_at BIGINT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  campaign_id BIGINT NOT NULL,
  agent TEXT,
  tries INTEGER NOT NULL,
  outcome TEXT,
  PRIMARY KEY (vdn, promised_at, id)
) WITHOUT ROWID;

-- The rule, once: what the table is to hold.
CREATE VIEW outstanding_reservation AS
SELECT vdn, MAX(appoint_at, COALESCE(due_at, 0)) AS promised_at, id, version, kind, state,
  campaign_id, agent, tries, outcome
FROM reservation
WHERE state IN ('waiting', 'calling')
  OR seen_at IS NULL AND (
    state = 'expired'
    OR state = 'done' AND outcome IN ('unknown', 'refused') AND business_result IS NULL
  );

-- A row that should not be there is replaced: nobody's call is lost for it.
CREATE TRIGGER outstanding_added AFTER INSERT ON reservation
BEGIN
  INSERT OR REPLACE INTO outstanding
  SELECT * FROM outstanding_reservation WHERE vdn = NEW.vdn AND id = NEW.id;
END;
CREATE TRIGGER outstanding_removed AFTER DELETE ON reservation
BEGIN
  DELETE FROM outstanding
  WHERE vdn = OLD.vdn AND promised_at = MAX(OLD.appoint_at, COALESCE(OLD.due_at, 0))
    AND id = OLD.id;
END;
-- A verdict, which comes each minute, is none of these.
CREATE TRIGGER outstanding_changed AFTER UPDATE ON reservation
WHEN OLD.version <> NEW.version
  OR OLD.state <> NEW.state
  OR OLD.due_at IS NOT NEW.due_at
  OR OLD.appoint_at <> NEW.appoint_at
  OR OLD.agent IS NOT NEW.agent
  OR OLD.tries <> NEW.tries
  OR OLD.outcome IS NOT NEW.outcome
  OR OLD.business_result IS NOT NEW.business_result
  OR OLD.seen_at IS NOT NEW.seen_at
  OR OLD.campaign_id <> NEW.campaign_id
  OR OLD.kind <> NEW.kind
  OR OLD.vdn <> NEW.vdn
  OR OLD.id <> NEW.id
BEGIN
  DELETE FROM outstanding
  WHERE vdn = OLD.vdn AND promised_at = MAX(OLD.appoint_at, COALESCE(OLD.due_at, 0))
    AND id = OLD.id;
  INSERT OR REPLACE INTO outstanding
  SELECT * FROM outstanding_reservation WHERE vdn = NEW.vdn AND id = NEW.id;
END;

-- What is stored already, in the order in which it will be read.
INSERT INTO outstanding
SELECT * FROM outstanding_reservation ORDER BY vdn, promised_at, id;
