-- The dialer's statements; queries.sql tells how they are written.

-- name: take_turn
-- One claim at a time, so that caps and pace hold with any number of dispatchers. Nobody waits for
-- it, and so nobody can wait in a circle: who does not get it comes back.
SELECT 1                                                                       -- sqlite
SELECT pg_try_advisory_xact_lock(1668050788)::int                              -- postgres

-- name: due_reservations
SELECT {reservation_columns}
FROM reservation AS r
WHERE r.look_at <= :now
ORDER BY r.look_at, r.appoint_at
LIMIT :limit
FOR UPDATE SKIP LOCKED                                                         -- postgres

-- name: is_any_due
SELECT 1 FROM reservation WHERE look_at <= :now LIMIT 1

-- name: count_due
-- Bounded: beyond the limit, how many more does not matter.
SELECT COUNT(*) FROM (
  SELECT 1 FROM reservation WHERE look_at <= :now LIMIT :limit
) AS due

-- name: campaigns_of
-- One that another transaction is just changing is left out; its reservations stay due. Whoever
-- changes one waits for us, and then wakes what we held by what we read.
SELECT {campaign_columns}
FROM campaign AS c
WHERE c.vdn = :vdn AND c.id = :id                                              -- sqlite
JOIN json_populate_recordset(NULL::campaign, :items) AS item                   -- postgres
  ON c.vdn = item.vdn AND c.id = item.id                                       -- postgres
FOR SHARE OF c SKIP LOCKED                                                     -- postgres

-- name: wake_reservations
-- Its campaign has changed: what it held by its dates, hours or state is judged anew.
UPDATE reservation SET look_at = :now
WHERE vdn = :vdn AND campaign_id = :campaign_id AND held_by IS NOT NULL
  AND held_by IN ('hours', 'status') AND look_at > :now

-- name: note_verdicts
UPDATE reservation AS r
SET (due_at, look_at, held_by, verdict) =
  (:due_at, :look_at, :held_by, :verdict)                                      -- sqlite
WHERE vdn = :vdn AND id = :id                                                  -- sqlite
  (item.due_at, item.look_at, item.held_by, item.verdict)                      -- postgres
FROM json_populate_recordset(NULL::reservation, :items) AS item                -- postgres
WHERE r.vdn = item.vdn AND r.id = item.id                                      -- postgres

-- name: attempt_columns
a.vdn, a.id, a.reservation_id, a.campaign_id, a.number, a.line, a.holder, a.state, a.called_no,
a.caller_no, a.alerting_seconds, a.due_at, a.claimed_at, a.placing_at, a.placed_at, a.ringing_at,
a.answered_at, a.ended_at, a.outcome, a.fail_code, a.cause, a.cause_text, a.sip_code

-- name: add_attempts
INSERT INTO attempt (
  vdn, id, reservation_id, campaign_id, number, line, holder, state, called_no, caller_no,
  alerting_seconds, due_at, claimed_at
)
VALUES (                                                                       -- sqlite
  :vdn, :id, :reservation_id, :campaign_id, :number, :line, :holder, :state,   -- sqlite
  :called_no, :caller_no, :alerting_seconds, :due_at, :claimed_at              -- sqlite
)                                                                              -- sqlite
SELECT                                                                         -- postgres
  vdn, id, reservation_id, campaign_id, number, line, holder, state,           -- postgres
  called_no, caller_no, alerting_seconds, due_at, claimed_at                   -- postgres
FROM json_populate_recordset(NULL::attempt, :items)                            -- postgres

-- name: lock_attempts
-- Its reservation is locked first, where that is locked too.
SELECT {attempt_columns}
FROM attempt AS a
WHERE a.vdn = :vdn AND a.id = :id                                              -- sqlite
JOIN json_populate_recordset(NULL::attempt, :items) AS item                    -- postgres
  ON a.vdn = item.vdn AND a.id = item.id                                       -- postgres
ORDER BY a.vdn, a.id FOR UPDATE OF a                                           -- postgres

-- name: update_attempts
UPDATE attempt AS a
SET (
  holder, state, caller_no, alerting_seconds, placing_at, placed_at, ringing_at, answered_at,
  ended_at, outcome, fail_code, cause, cause_text, sip_code
) = (
  :holder, :state, :caller_no, :alerting_seconds, :placing_at, :placed_at,     -- sqlite
  :ringing_at, :answered_at, :ended_at, :outcome, :fail_code, :cause,          -- sqlite
  :cause_text, :sip_code                                                       -- sqlite
)                                                                              -- sqlite
WHERE vdn = :vdn AND id = :id                                                  -- sqlite
  item.holder, item.state, item.caller_no, item.alerting_seconds,              -- postgres
  item.placing_at, item.placed_at, item.ringing_at, item.answered_at,          -- postgres
  item.ended_at, item.outcome, item.fail_code, item.cause, item.cause_text,    -- postgres
  item.sip_code                                                                -- postgres
)                                                                              -- postgres
FROM json_populate_recordset(NULL::attempt, :items) AS item                    -- postgres
WHERE a.vdn = item.vdn AND a.id = item.id                                      -- postgres

-- name: attempts_of
SELECT {attempt_columns} FROM attempt AS a
WHERE a.vdn = :vdn AND a.reservation_id = :reservation_id
ORDER BY a.claimed_at, a.number, a.id

-- name: live_attempts
-- Of a line: those of one holder, or, when none is given, those that nobody answers for: their
-- dispatcher's lease has run out, or they were claimed before an instant and never placed.
SELECT {attempt_columns} FROM attempt AS a
WHERE a.state <> 'ended' AND a.line = :line
  AND a.holder = :holder                                                       -- if holder
  {of_nobody}                                                                  -- if now
ORDER BY a.claimed_at
LIMIT :limit

-- name: of_nobody
AND (
  NOT EXISTS (SELECT 1 FROM dispatcher AS d WHERE d.name = a.holder AND d.lease_until > :now)
  OR a.state = 'claimed' AND a.claimed_at <= :claimed_before
)

-- name: count_live_attempts
SELECT line, vdn, campaign_id, COUNT(*) FROM attempt
WHERE state <> 'ended' GROUP BY line, vdn, campaign_id

-- name: line_pace
SELECT next_at FROM line WHERE name = :name

-- name: pace_line
INSERT INTO line (name, next_at) VALUES (:name, :next_at)
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at

-- name: renew_lease
INSERT INTO dispatcher (name, line, begun_at, said_at, lease_until, is_up, per_second)
VALUES (:name, :line, :begun_at, :said_at, :lease_until, :is_up, :per_second)
ON CONFLICT (name) DO UPDATE
SET said_at = excluded.said_at, lease_until = excluded.lease_until, is_up = excluded.is_up,
  per_second = excluded.per_second

-- name: forget_dispatchers
DELETE FROM dispatcher WHERE lease_until < :before

-- name: dispatchers
SELECT name, line, begun_at, said_at, lease_until, is_up, per_second
FROM dispatcher ORDER BY line, begun_at
