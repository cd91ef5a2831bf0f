-- How many reservations a list would show, by day of the appointed time, so that their exact number
-- is a sum over days and not over reservations. Triggers keep it, whoever writes: this program, the
-- version before it, or the operator's own SQL. See decision 0009.

-- A day is that of UTC, by number. Cancelled reservations are in no list, and not counted.
CREATE TABLE campaign_day (
  vdn INTEGER NOT NULL,
  day INTEGER NOT NULL,
  campaign_id BIGINT NOT NULL,
  slot INTEGER NOT NULL DEFAULT 0,
  listed BIGINT NOT NULL,
  PRIMARY KEY (vdn, day, campaign_id, slot)
) WITH (fillfactor = 70);

-- The same for each agent. A reservation of no agent is not in here.
CREATE TABLE agent_day (
  vdn INTEGER NOT NULL,
  agent TEXT COLLATE "C" NOT NULL,
  day INTEGER NOT NULL,
  campaign_id BIGINT NOT NULL,
  slot INTEGER NOT NULL DEFAULT 0,
  listed BIGINT NOT NULL,
  PRIMARY KEY (vdn, agent, day, campaign_id, slot)
) WITH (fillfactor = 70);

-- Writers that are at work at once count in rows of their own: each takes the first slot that
-- nobody has until its transaction ends. So none waits for another, and none can wait in a circle.
-- The seventeenth shares one, and may wait.
CREATE FUNCTION tally_slot() RETURNS INTEGER AS $$
BEGIN
  FOR slot IN 0..15 LOOP
    IF pg_try_advisory_xact_lock(1952541804, slot) THEN
      RETURN slot;
    END IF;
  END LOOP;
  RETURN pg_backend_pid() % 16;
END $$ LANGUAGE plpgsql;

-- All rows of a statement at once: a batch is often of one day and campaign.
CREATE FUNCTION tally_rows() RETURNS TRIGGER AS $$
DECLARE
  mine INTEGER := tally_slot();
  sign INTEGER := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END;
BEGIN
  INSERT INTO campaign_day AS d (vdn, day, campaign_id, slot, listed)
  SELECT vdn, appoint_at / 86400000, campaign_id, mine, sign * COUNT(*)
  FROM written WHERE state <> 'cancelled'
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (vdn, day, campaign_id, slot)
  DO UPDATE SET listed = d.listed + excluded.listed;
  INSERT INTO agent_day AS d (vdn, agent, day, campaign_id, slot, listed)
  SELECT vdn, agent, appoint_at / 86400000, campaign_id, mine, sign * COUNT(*)
  FROM written WHERE state <> 'cancelled' AND agent IS NOT NULL
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (vdn, agent, day, campaign_id, slot)
  DO UPDATE SET listed = d.listed + excluded.listed;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER reservation_added AFTER INSERT ON reservation
REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION tally_rows();
CREATE TRIGGER reservation_removed AFTER DELETE ON reservation
REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION tally_rows();

-- Row by row, because the common change, a result, is no matter of the tallies: its row is only
-- compared with the one before it.
CREATE FUNCTION tally_change() RETURNS TRIGGER AS $$
DECLARE
  mine INTEGER := tally_slot();
BEGIN
  INSERT INTO campaign_day AS d (vdn, day, campaign_id, slot, listed)
  SELECT vdn, day, campaign_id, mine, SUM(n)
  FROM (VALUES
    (OLD.vdn, OLD.appoint_at / 86400000, OLD.campaign_id,
      (OLD.state = 'cancelled')::int - 1),
    (NEW.vdn, NEW.appoint_at / 86400000, NEW.campaign_id, (NEW.state <> 'cancelled')::int)
  ) AS moved (vdn, day, campaign_id, n)
  GROUP BY 1, 2, 3 HAVING SUM(n) <> 0 ORDER BY 1, 2, 3
  ON CONFLICT (vdn, day, campaign_id, slot)
  DO UPDATE SET listed = d.listed + excluded.listed;
  INSERT INTO agent_day AS d (vdn, agent, day, campaign_id, slot, listed)
  SELECT vdn, agent, day, campaign_id, mine, SUM(n)
  FROM (VALUES
    (OLD.vdn, OLD.agent, OLD.appoint_at / 86400000, OLD.campaign_id,
      (OLD.state = 'cancelled')::int - 1),
    (NEW.vdn, NEW.agent, NEW.appoint_at / 86400000, NEW.campaign_id,
      (NEW.state <> 'cancelled')::int)
  ) AS moved (vdn, agent, day, campaign_id, n)
  WHERE agent IS NOT NULL
  GROUP BY 1, 2, 3, 4 HAVING SUM(n) <> 0 ORDER BY 1, 2, 3, 4
  ON CONFLICT (vdn, agent, day, campaign_id, slot)
  DO UPDATE SET listed = d.listed + excluded.listed;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER reservation_changed AFTER UPDATE ON reservation FOR EACH ROW
WHEN (
  OLD.appoint_at / 86400000 <> NEW.appoint_at / 86400000
  OR OLD.agent IS DISTINCT FROM NEW.agent
  OR (OLD.state = 'cancelled') <> (NEW.state = 'cancelled')
  OR OLD.campaign_id <> NEW.campaign_id
  OR OLD.vdn <> NEW.vdn
)
EXECUTE FUNCTION tally_change();


-- What is stored already, in the order in which it will be read.
INSERT INTO campaign_day (vdn, day, campaign_id, listed)
SELECT vdn, appoint_at / 86400000 AS day, campaign_id, COUNT(*)
FROM reservation WHERE state <> 'cancelled'
GROUP BY vdn, appoint_at / 86400000, campaign_id
ORDER BY vdn, day, campaign_id;
INSERT INTO agent_day (vdn, agent, day, campaign_id, listed)
SELECT vdn, agent, appoint_at / 86400000 AS day, campaign_id, COUNT(*)
FROM reservation WHERE state <> 'cancelled' AND agent IS NOT NULL
GROUP BY vdn, agent, appoint_at / 86400000, campaign_id
ORDER BY vdn, agent, day, campaign_id;
