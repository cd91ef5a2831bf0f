-- How many minutes before its time a call is announced to a person; NULL: as their house says. The
-- column warning_minutes was never asked of anybody, and cannot be empty: nobody reads it any more,
-- and a program of before this finds it where it was.

ALTER TABLE person ADD COLUMN own_warning_minutes INTEGER;
