-- Calls that agents ask for: the agent's phone rings first, then the customer's.
ALTER TABLE role ADD COLUMN phone TEXT;

-- Until a dispatcher takes it, it is claimed and its holder is empty.
ALTER TABLE attempt ADD COLUMN asked_by TEXT;
ALTER TABLE attempt ADD COLUMN desk TEXT;
ALTER TABLE attempt ADD COLUMN hang_up_at BIGINT;

-- Those of them that go on, which a dispatcher asks for again and again: at most one for an agent's
-- phone, whatever any process believes. An index of attempts would be made by reading them all,
-- and nobody could dial meanwhile.
CREATE TABLE desk_call (
  vdn INTEGER NOT NULL,
  desk TEXT NOT NULL,
  line TEXT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (vdn, desk)
);
CREATE INDEX desk_call_of_line ON desk_call (line);

-- Whoever ends it; the version before knows nothing of phones.
CREATE FUNCTION end_desk_call() RETURNS TRIGGER AS $$
BEGIN
  DELETE FROM desk_call WHERE vdn = OLD.vdn AND desk = OLD.desk AND id = OLD.id;
  RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER desk_call_ended AFTER UPDATE OF state ON attempt FOR EACH ROW
WHEN (NEW.state = 'ended' AND NEW.desk IS NOT NULL)
EXECUTE FUNCTION end_desk_call();
CREATE TRIGGER desk_call_removed AFTER DELETE ON attempt FOR EACH ROW
WHEN (OLD.desk IS NOT NULL)
EXECUTE FUNCTION end_desk_call();

-- A manual reservation is dialed only when an agent asks for it. The version before would look at
-- it once its call was handed back or not answered, and then dial it.
CREATE FUNCTION look_at_no_manual() RETURNS TRIGGER AS $$
BEGIN
  NEW.look_at = NULL;
  RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER manual_looked_at BEFORE UPDATE OF look_at ON reservation FOR EACH ROW
WHEN (NEW.kind = 'manual' AND NEW.look_at IS NOT NULL)
EXECUTE FUNCTION look_at_no_manual();
