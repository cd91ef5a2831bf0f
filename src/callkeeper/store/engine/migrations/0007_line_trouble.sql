-- Why a dispatcher's line refuses every call, although it can be asked; null: it does not.
ALTER TABLE dispatcher ADD COLUMN trouble TEXT;
