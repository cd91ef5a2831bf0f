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
-- SQL.
CREATE TRIGGER reservation_gone_insert BEFORE INSERT ON reservation
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER reservation_gone_update BEFORE UPDATE ON reservation
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER campaign_gone_insert BEFORE INSERT ON campaign
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER campaign_gone_update BEFORE UPDATE ON campaign
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER business_result_gone_insert BEFORE INSERT ON business_result
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER business_result_gone_update BEFORE UPDATE ON business_result
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER agent_gone_insert BEFORE INSERT ON agent
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER agent_gone_update BEFORE UPDATE ON agent
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER house_rules_gone_insert BEFORE INSERT ON house_rules
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER house_rules_gone_update BEFORE UPDATE ON house_rules
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER role_gone_insert BEFORE INSERT ON role
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER role_gone_update BEFORE UPDATE ON role
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER access_key_gone_insert BEFORE INSERT ON access_key
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER access_key_gone_update BEFORE UPDATE ON access_key
WHEN EXISTS (SELECT 1 FROM transfer AS t WHERE t.vdn = NEW.vdn AND t.state IN ('gone', 'arriving'))
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
CREATE TRIGGER attempt_gone_insert BEFORE INSERT ON attempt
WHEN EXISTS (
  SELECT 1 FROM transfer AS t
  WHERE t.vdn = NEW.vdn AND t.state IN ('leaving', 'gone', 'arriving')
)
BEGIN
  SELECT RAISE(ABORT, 'the VDN is not served here');
END;
