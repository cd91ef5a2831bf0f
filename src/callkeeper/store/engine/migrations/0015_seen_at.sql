-- When a person was last there, which outlives their sessions.

ALTER TABLE person ADD COLUMN seen_at BIGINT;
