-- Statements about VDNs that move between installations; queries.sql tells how they are written.
-- What reads and adds their rows is made in store/rows/transfers.py, for every table alike.

-- name: transfers
SELECT vdn, id, state, begun_at, lines FROM transfer ORDER BY vdn

-- name: transfer
SELECT vdn, id, state, begun_at, lines FROM transfer WHERE vdn = :vdn

-- name: put_transfer
INSERT INTO transfer (vdn, id, state, begun_at, lines)
VALUES (:vdn, :id, :state, :begun_at, :lines)
ON CONFLICT (vdn) DO UPDATE
SET id = excluded.id, state = excluded.state, begun_at = excluded.begun_at, lines = excluded.lines

-- name: begin_writing
-- Who was faster is told by no row.
UPDATE transfer SET state = 'writing'
WHERE vdn = :vdn AND id = :id AND state = 'arriving' AND lines = :lines
RETURNING vdn

-- name: end_transfer
DELETE FROM transfer WHERE vdn = :vdn

-- name: count_calls_of_vdn
SELECT COUNT(*) FROM attempt WHERE vdn = :vdn AND state <> 'ended'

-- name: columns_of
SELECT name FROM pragma_table_info(:table) ORDER BY cid                        -- sqlite
SELECT attname FROM pg_attribute                                               -- postgres
WHERE attrelid = to_regclass(CAST(:table AS TEXT)) AND attnum > 0              -- postgres
  AND NOT attisdropped                                                         -- postgres
ORDER BY attnum                                                                -- postgres
