-- VDNs on their way between installations, or that came or went so: see decision 0043. A VDN
-- without a row is served. While it is writing, whoever brings it in has that to itself: others see
-- what was there before.
CREATE TABLE transfer (
  vdn INTEGER NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('leaving', 'gone', 'arriving', 'writing', 'here')),
  begun_at BIGINT NOT NULL,
  lines BIGINT NOT NULL
);

-- What nobody may write, whoever tries: this program, the version before it, or the operator's own
-- SQL. Until a VDN first leaves or arrives they are disabled, and cost nothing.
CREATE FUNCTION refuse_gone() RETURNS TRIGGER AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
  THEN
    RAISE EXCEPTION 'VDN % is not served here', NEW.vdn USING ERRCODE = 'CK001';
  END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE FUNCTION refuse_attempt() RETURNS TRIGGER AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM transfer AS t
    WHERE t.vdn = NEW.vdn AND t.state IN ('leaving', 'gone', 'arriving')
  )
  THEN
    RAISE EXCEPTION 'VDN % is not called from here', NEW.vdn USING ERRCODE = 'CK001';
  END IF;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER reservation_gone BEFORE INSERT OR UPDATE ON reservation
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE reservation DISABLE TRIGGER reservation_gone;
CREATE TRIGGER campaign_gone BEFORE INSERT OR UPDATE ON campaign
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE campaign DISABLE TRIGGER campaign_gone;
CREATE TRIGGER business_result_gone BEFORE INSERT OR UPDATE ON business_result
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE business_result DISABLE TRIGGER business_result_gone;
CREATE TRIGGER agent_gone BEFORE INSERT OR UPDATE ON agent
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE agent DISABLE TRIGGER agent_gone;
CREATE TRIGGER house_rules_gone BEFORE INSERT OR UPDATE ON house_rules
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE house_rules DISABLE TRIGGER house_rules_gone;
CREATE TRIGGER role_gone BEFORE INSERT OR UPDATE ON role
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE role DISABLE TRIGGER role_gone;
CREATE TRIGGER access_key_gone BEFORE INSERT OR UPDATE ON access_key
FOR EACH ROW EXECUTE FUNCTION refuse_gone();
ALTER TABLE access_key DISABLE TRIGGER access_key_gone;
CREATE TRIGGER attempt_gone BEFORE INSERT ON attempt
FOR EACH ROW EXECUTE FUNCTION refuse_attempt();
ALTER TABLE attempt DISABLE TRIGGER attempt_gone;
