-- Of calls that agents ask for: by whose word one may be made outside the hours of its campaign;
-- and what the agent's phone shows in place of the number. The version before writes neither: it
-- dials by the hours, with the number shown.
ALTER TABLE attempt ADD COLUMN any_hour_by TEXT;
ALTER TABLE attempt ADD COLUMN desk_shows TEXT;
