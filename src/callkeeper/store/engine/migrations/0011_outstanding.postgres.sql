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
  id TEXT COLLATE "C" NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  campaign_id BIGINT NOT NULL,
  agent TEXT,
  tries INTEGER NOT NULL,
  outcome TEXT,
  PRIMARY KEY (vdn, promised_at, id)
)
-- Each result takes a row away: the dead ones are swept up before there are many.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
-- An agent's list, in a VDN in which much waits for others. SQLite reads as fast without.
CREATE INDEX outstanding_by_agent ON outstanding (vdn, agent, promised_at);

-- The rule, once: what the table is to hold.
CREATE FUNCTION is_outstanding(
  state TEXT, outcome TEXT, business_result TEXT, seen_at BIGINT
) RETURNS BOOLEAN AS $$
  SELECT state IN ('waiting', 'calling')
    OR seen_at IS NULL AND (
      state = 'expired'
      OR state = 'done' AND outcome IN ('unknown', 'refused') AND business_result IS NULL
    )
$$ LANGUAGE sql IMMUTABLE;

CREATE VIEW outstanding_reservation AS
SELECT vdn, GREATEST(appoint_at, due_at) AS promised_at, id, version, kind, state,
  campaign_id, agent, tries, outcome
FROM reservation
WHERE is_outstanding(state, outcome, business_result, seen_at);

-- A row that should not be there is written over: nobody's call is lost for it.
CREATE FUNCTION keep_outstanding() RETURNS TRIGGER AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM outstanding
    WHERE vdn = OLD.vdn AND promised_at = GREATEST(OLD.appoint_at, OLD.due_at) AND id = OLD.id;
    IF TG_OP = 'DELETE' THEN
      RETURN NULL;
    END IF;
  END IF;
  IF is_outstanding(NEW.state, NEW.outcome, NEW.business_result, NEW.seen_at) THEN
    INSERT INTO outstanding VALUES (
      NEW.vdn, GREATEST(NEW.appoint_at, NEW.due_at), NEW.id, NEW.version, NEW.kind, NEW.state,
      NEW.campaign_id, NEW.agent, NEW.tries, NEW.outcome
    )
    ON CONFLICT (vdn, promised_at, id) DO UPDATE
    SET version = excluded.version, kind = excluded.kind, state = excluded.state,
      campaign_id = excluded.campaign_id, agent = excluded.agent, tries = excluded.tries,
      outcome = excluded.outcome;
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER outstanding_written AFTER INSERT OR DELETE ON reservation
FOR EACH ROW EXECUTE FUNCTION keep_outstanding();
-- A verdict, which comes each minute, is none of these.
CREATE TRIGGER outstanding_changed AFTER UPDATE ON reservation FOR EACH ROW
WHEN (
  OLD.version <> NEW.version
  OR OLD.state <> NEW.state
  OR OLD.due_at IS DISTINCT FROM NEW.due_at
  OR OLD.appoint_at <> NEW.appoint_at
  OR OLD.agent IS DISTINCT FROM NEW.agent
  OR OLD.tries <> NEW.tries
  OR OLD.outcome IS DISTINCT FROM NEW.outcome
  OR OLD.business_result IS DISTINCT FROM NEW.business_result
  OR OLD.seen_at IS DISTINCT FROM NEW.seen_at
  OR OLD.campaign_id <> NEW.campaign_id
  OR OLD.kind <> NEW.kind
  OR OLD.vdn <> NEW.vdn
  OR OLD.id <> NEW.id
)
EXECUTE FUNCTION keep_outstanding();

-- What is stored already, in the order in which it will be read.
INSERT INTO outstanding
SELECT * FROM outstanding_reservation ORDER BY vdn, promised_at, id;
