-- When the newest request that changed a reservation was signed. What was signed later has not been
-- carried out before, so its history need not be asked for it (decision 0012).
ALTER TABLE reservation ADD COLUMN signed_at BIGINT;
