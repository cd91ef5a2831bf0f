-- Calls that agents ask for: the agent's phone rings first, then the customer's.
ALTER TABLE role ADD COLUMN phone TEXT;

-- Until a dispatcher takes it, it is claimed and its holder is empty.
ALTER TABLE attempt ADD COLUMN asked_by TEXT;
ALTER TABLE attempt ADD COLUMN desk TEXT;
ALTER TABLE attempt ADD COLUMN hang_up_at BIGINT;
-- At most one live call for an agent's phone, whatever any process believes.
CREATE UNIQUE INDEX attempt_desk ON attempt (vdn, desk) WHERE state <> 'ended' AND desk IS NOT NULL;
-- What a dispatcher asks for again and again.
CREATE INDEX attempt_asked ON attempt (line, claimed_at)
WHERE state <> 'ended' AND desk IS NOT NULL;
