-- How many reservations a list would show, by day of the appointed time, so that their exact number
-- is a sum over days and not over reservations. Triggers keep it, whoever writes: this program, the
-- version before it, or the operator's own SQL. See decision 0009.

-- A day is that of UTC, by number. Cancelled reservations are in no list, and not counted.
CREATE TABLE campaign_day (
  vdn INTEGER NOT NULL,
  day INTEGER NOT NULL,
  campaign_id BIGINT NOT NULL,
  listed BIGINT NOT NULL,
  PRIMARY KEY (vdn, day, campaign_id)
) WITHOUT ROWID;

-- The same for each agent. A reservation of no agent is not in here.
CREATE TABLE agent_day (
  vdn INTEGER NOT NULL,
  agent TEXT NOT NULL,
  day INTEGER NOT NULL,
  campaign_id BIGINT NOT NULL,
  listed BIGINT NOT NULL,
  PRIMARY KEY (vdn, agent, day, campaign_id)
) WITHOUT ROWID;

CREATE TRIGGER reservation_added AFTER INSERT ON reservation
WHEN NEW.state <> 'cancelled'
BEGIN
  INSERT INTO campaign_day VALUES (NEW.vdn, NEW.appoint_at / 86400000, NEW.campaign_id, 1)
  ON CONFLICT DO UPDATE SET listed = listed + 1;
  INSERT INTO agent_day
  SELECT NEW.vdn, NEW.agent, NEW.appoint_at / 86400000, NEW.campaign_id, 1
  WHERE NEW.agent IS NOT NULL
  ON CONFLICT DO UPDATE SET listed = listed + 1;
END;
CREATE TRIGGER reservation_removed AFTER DELETE ON reservation
WHEN OLD.state <> 'cancelled'
BEGIN
  UPDATE campaign_day SET listed = listed - 1
  WHERE vdn = OLD.vdn AND day = OLD.appoint_at / 86400000
    AND campaign_id = OLD.campaign_id;
  UPDATE agent_day SET listed = listed - 1
  WHERE vdn = OLD.vdn AND agent = OLD.agent AND day = OLD.appoint_at / 86400000
    AND campaign_id = OLD.campaign_id;
END;
CREATE TRIGGER reservation_changed AFTER UPDATE ON reservation
WHEN OLD.appoint_at / 86400000 <> NEW.appoint_at / 86400000
  OR OLD.agent IS NOT NEW.agent
  OR (OLD.state = 'cancelled') <> (NEW.state = 'cancelled')
  OR OLD.campaign_id <> NEW.campaign_id
  OR OLD.vdn <> NEW.vdn
BEGIN
  UPDATE campaign_day SET listed = listed - 1
  WHERE OLD.state <> 'cancelled'
    AND vdn = OLD.vdn AND day = OLD.appoint_at / 86400000
    AND campaign_id = OLD.campaign_id;
  UPDATE agent_day SET listed = listed - 1
  WHERE OLD.state <> 'cancelled'
    AND vdn = OLD.vdn AND agent = OLD.agent AND day = OLD.appoint_at / 86400000
    AND campaign_id = OLD.campaign_id;
  INSERT INTO campaign_day
  SELECT NEW.vdn, NEW.appoint_at / 86400000, NEW.campaign_id, 1
  WHERE NEW.state <> 'cancelled'
  ON CONFLICT DO UPDATE SET listed = listed + 1;
  INSERT INTO agent_day
  SELECT NEW.vdn, NEW.agent, NEW.appoint_at / 86400000, NEW.campaign_id, 1
  WHERE NEW.state <> 'cancelled' AND NEW.agent IS NOT NULL
  ON CONFLICT DO UPDATE SET listed = listed + 1;
END;

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
