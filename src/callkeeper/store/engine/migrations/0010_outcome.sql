-- How the last call that the system made for a reservation ended: by its outcome, and not by a code
-- that an operator may have another one for. What is settled is unknown, and so it says.
ALTER TABLE reservation ADD COLUMN outcome TEXT;
-- Of what was called before, those whose call kept no promise.
UPDATE reservation SET outcome = 'unknown' WHERE state = 'done' AND held_by = 'settled';
UPDATE reservation SET outcome = (
  SELECT a.outcome FROM attempt AS a
  WHERE a.vdn = reservation.vdn AND a.id = reservation.call_id
)
WHERE tries > 0 AND EXISTS (
  SELECT 1 FROM attempt AS a
  WHERE a.vdn = reservation.vdn AND a.id = reservation.call_id
    AND a.outcome IN ('unknown', 'refused')
);
