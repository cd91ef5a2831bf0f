-- What keeps tallies where tables are spread: see decisions 0009 and 0042. Citus has no
-- triggers over all rows of a statement, so each row counts for itself. The names are those of the
-- triggers whose places these take.
CREATE OR REPLACE FUNCTION tally_row() RETURNS TRIGGER AS $$
DECLARE
  mine INTEGER := tally_slot();
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.state <> 'cancelled' THEN
    INSERT INTO campaign_day AS d (vdn, day, campaign_id, slot, listed)
    VALUES (OLD.vdn, OLD.appoint_at / 86400000, OLD.campaign_id, mine, -1)
    ON CONFLICT (vdn, day, campaign_id, slot)
    DO UPDATE SET listed = d.listed + excluded.listed;
    IF OLD.agent IS NOT NULL THEN
      INSERT INTO agent_day AS d (vdn, agent, day, campaign_id, slot, listed)
      VALUES (OLD.vdn, OLD.agent, OLD.appoint_at / 86400000, OLD.campaign_id, mine, -1)
      ON CONFLICT (vdn, agent, day, campaign_id, slot)
      DO UPDATE SET listed = d.listed + excluded.listed;
    END IF;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.state <> 'cancelled' THEN
    INSERT INTO campaign_day AS d (vdn, day, campaign_id, slot, listed)
    VALUES (NEW.vdn, NEW.appoint_at / 86400000, NEW.campaign_id, mine, 1)
    ON CONFLICT (vdn, day, campaign_id, slot)
    DO UPDATE SET listed = d.listed + excluded.listed;
    IF NEW.agent IS NOT NULL THEN
      INSERT INTO agent_day AS d (vdn, agent, day, campaign_id, slot, listed)
      VALUES (NEW.vdn, NEW.agent, NEW.appoint_at / 86400000, NEW.campaign_id, mine, 1)
      ON CONFLICT (vdn, agent, day, campaign_id, slot)
      DO UPDATE SET listed = d.listed + excluded.listed;
    END IF;
  END IF;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER reservation_added AFTER INSERT ON reservation
FOR EACH ROW EXECUTE FUNCTION tally_row();
CREATE TRIGGER reservation_removed AFTER DELETE ON reservation
FOR EACH ROW EXECUTE FUNCTION tally_row();
CREATE TRIGGER reservation_changed AFTER UPDATE ON reservation FOR EACH ROW
WHEN (
  OLD.appoint_at / 86400000 <> NEW.appoint_at / 86400000
  OR OLD.agent IS DISTINCT FROM NEW.agent
  OR (OLD.state = 'cancelled') <> (NEW.state = 'cancelled')
  OR OLD.campaign_id <> NEW.campaign_id
  OR OLD.vdn <> NEW.vdn
)
EXECUTE FUNCTION tally_row();
