-- When whoever a session is of last showed who they are; NULL: nobody said so, as of a session that
-- a program of before this begins, which takes it from made_at and reads this nowhere.

ALTER TABLE session ADD COLUMN proven_at BIGINT;
