-- What a dispatcher says beside its lease: how many calls its line may have at once and begin a
-- second, how its calls ended since it began (a JSON object: by outcome, how many), and since when
-- its line cannot be asked, and why. NULL: a dispatcher of before this does not say.
ALTER TABLE dispatcher ADD COLUMN calls_max INTEGER;
ALTER TABLE dispatcher ADD COLUMN calls_per_second_max DOUBLE PRECISION;
ALTER TABLE dispatcher ADD COLUMN outcomes TEXT;
ALTER TABLE dispatcher ADD COLUMN down_at BIGINT;
ALTER TABLE dispatcher ADD COLUMN down_why TEXT;
