-- How many requests a key may send: none stands for any number.
ALTER TABLE access_key ADD COLUMN per_second DOUBLE PRECISION;
ALTER TABLE access_key ADD COLUMN burst INTEGER;
