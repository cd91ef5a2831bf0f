-- Since when a business result is offered no more; what was filed with it stays.

ALTER TABLE business_result ADD COLUMN retired_at BIGINT;
