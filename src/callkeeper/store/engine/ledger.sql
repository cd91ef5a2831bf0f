-- The dialer's statements; queries.sql tells how they are written.

-- name: try_claim_lock
-- One claim at a time, so that caps and pace hold with any number of dispatchers. Nobody waits for
-- it, and so nobody can wait in a circle: who does not get it comes back.
SELECT 1                                                                       -- sqlite
SELECT pg_try_advisory_xact_lock(1668050788)::int                              -- postgres

-- name: keys_due
SELECT r.vdn, r.id
FROM reservation AS r
WHERE r.look_at <= :now
ORDER BY r.look_at, r.appoint_at
LIMIT :limit

-- name: lock_due
-- What is still due of what was found so.
SELECT {reservation_columns}
FROM {items of reservation} AS item
JOIN reservation AS r ON r.vdn = {its_vdn} AND r.id = item.id
WHERE r.look_at <= :now
FOR UPDATE OF r SKIP LOCKED                                                    -- postgres

-- name: campaigns_due
-- By their first reservation, what is due first coming first.
{campaigns_due_in_steps}                                                       -- unless spread
{campaigns_due_of_all}                                                         -- if spread

-- name: campaigns_due_of_all
-- Of each part of a spread table, side by side; all that is due is read.
SELECT due.vdn, due.campaign_id, due.appoint_at
FROM (
  SELECT r.vdn, r.campaign_id, r.look_at, r.appoint_at, ROW_NUMBER() OVER (
    PARTITION BY r.vdn, r.campaign_id ORDER BY r.look_at, r.appoint_at
  ) AS place
  FROM reservation AS r
  WHERE r.kind = 'automatic' AND r.look_at <= :now
) AS due
WHERE due.place = 1
ORDER BY due.look_at, due.appoint_at

-- name: campaigns_due_in_steps
-- One look for each campaign for which anything waits, however much that is.
WITH RECURSIVE least AS (
  SELECT r.vdn, r.campaign_id FROM reservation AS r
  WHERE r.kind = 'automatic' AND r.look_at IS NOT NULL AND r.vdn > 0
  ORDER BY r.vdn, r.campaign_id LIMIT 1
),
awaited AS (
  SELECT least.vdn, least.campaign_id FROM least
  UNION ALL
  SELECT r.vdn, r.campaign_id
  FROM awaited
  JOIN reservation AS r ON r.rowid = COALESCE(                                 -- sqlite
    (SELECT n.rowid FROM reservation AS n                                      -- sqlite
  CROSS JOIN LATERAL (                                                         -- postgres
    (SELECT n.vdn, n.campaign_id FROM reservation AS n                         -- postgres
    WHERE n.kind = 'automatic' AND n.look_at IS NOT NULL
      AND n.vdn = awaited.vdn AND n.campaign_id > awaited.campaign_id
    ORDER BY n.vdn, n.campaign_id LIMIT 1),                                    -- sqlite
    ORDER BY n.vdn, n.campaign_id LIMIT 1)                                     -- postgres
    UNION ALL                                                                  -- postgres
    (SELECT n.rowid FROM reservation AS n                                      -- sqlite
    (SELECT n.vdn, n.campaign_id FROM reservation AS n                         -- postgres
    WHERE n.kind = 'automatic' AND n.look_at IS NOT NULL AND n.vdn > awaited.vdn
    ORDER BY n.vdn, n.campaign_id LIMIT 1)
  )                                                                            -- sqlite
    LIMIT 1                                                                    -- postgres
  ) AS r                                                                       -- postgres
)
SELECT awaited.vdn, awaited.campaign_id, r.appoint_at
FROM awaited
JOIN reservation AS r ON r.rowid = (                                           -- sqlite
  SELECT n.rowid FROM reservation AS n                                         -- sqlite
CROSS JOIN LATERAL (                                                           -- postgres
  SELECT n.look_at, n.appoint_at FROM reservation AS n                         -- postgres
  WHERE n.vdn = awaited.vdn AND n.campaign_id = awaited.campaign_id AND n.look_at <= :now
    AND n.kind = 'automatic'
  ORDER BY n.look_at, n.appoint_at LIMIT 1
)                                                                              -- sqlite
) AS r                                                                         -- postgres
ORDER BY r.look_at, r.appoint_at

-- name: due_of_campaigns
SELECT {reservation_columns}
FROM {items of reservation} AS item
JOIN reservation AS r ON r.rowid IN (                                          -- sqlite
  SELECT n.rowid FROM reservation AS n                                         -- sqlite
CROSS JOIN LATERAL (                                                           -- postgres
  SELECT * FROM reservation AS n                                               -- postgres
  WHERE n.vdn = {its_vdn} AND n.campaign_id = item.campaign_id AND n.look_at <= :now
    AND n.kind = 'automatic'
  ORDER BY n.look_at, n.appoint_at
  LIMIT :few
  FOR UPDATE SKIP LOCKED                                                       -- postgres
)                                                                              -- sqlite
) AS r                                                                         -- postgres

-- name: is_any_due
-- In order: PostgreSQL, which does not know that nothing may be due, would look for the first one
-- through the whole table.
SELECT 1 FROM reservation WHERE look_at <= :now ORDER BY look_at LIMIT 1

-- name: count_due
-- Bounded: beyond the limit, how many more does not matter.
SELECT COUNT(*) FROM (
  SELECT 1 FROM reservation WHERE look_at <= :now ORDER BY look_at LIMIT :limit
) AS due

-- name: count_awaited
-- What a campaign waits with: all of it, or what was due by an instant. What a rule holds is looked
-- at soon, and was due all the same.
SELECT COUNT(*) FROM (
  SELECT 1 FROM reservation AS r
  WHERE r.vdn = :vdn AND r.campaign_id = :campaign_id AND r.kind = 'automatic'
    AND r.look_at IS NOT NULL                                                  -- unless due_by
    AND r.look_at <= :look_by AND r.due_at <= :due_by                          -- if due_by
  LIMIT :limit
) AS awaited

-- name: campaigns_of
-- One that another transaction is just changing is left out; its reservations stay due. Whoever
-- changes one waits for us, and then wakes what we held by what we read.
SELECT {campaign_columns}
FROM {items of campaign} AS item
JOIN campaign AS c ON c.vdn = {its_vdn} AND c.id = item.id
FOR SHARE OF c SKIP LOCKED                                                     -- postgres

-- name: wake_reservations
-- Its campaign has changed: what it held by its dates, hours or state is judged anew, in due order.
UPDATE reservation SET look_at = CASE WHEN due_at < :now THEN due_at ELSE :now END
WHERE vdn = :vdn AND campaign_id = :campaign_id AND held_by IS NOT NULL
  AND held_by IN ('hours', 'status') AND look_at > :now

-- name: wake_from_ahead
-- A clock wrote that was ahead: held for so long nothing is. What is held is looked through, not
-- all that is to come: a plus keeps PostgreSQL from that, and SQLite has to be told.
UPDATE reservation INDEXED BY reservation_held                                 -- sqlite
UPDATE reservation                                                             -- postgres
SET look_at = CASE WHEN held_by <> 'retry' AND due_at > :now THEN due_at ELSE :now END
WHERE held_by IS NOT NULL AND look_at IS NOT NULL AND +look_at > :held_until
  AND (
    held_by IN ('status', 'vdn_cap', 'campaign_cap', 'line', 'clock') AND due_at < look_at
    OR held_by = 'retry' AND +look_at > :retried_until
  )
  AND NOT EXISTS (                                                             -- unless spread
    SELECT 1 FROM transfer AS t                                                -- unless spread
    WHERE t.vdn = reservation.vdn AND t.state IN ('gone', 'arriving')          -- unless spread
  )                                                                            -- unless spread
RETURNING 1

-- name: own_time
-- SQLite's clock is the machine's, which is asked without it.
SELECT NULL                                                                    -- sqlite
SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)            -- postgres

-- name: note_verdicts
UPDATE reservation AS r
SET (due_at, look_at, held_by, verdict) =
  (item.due_at, item.look_at, item.held_by, item.verdict)
FROM {items of reservation} AS item
WHERE r.vdn = {its_vdn} AND r.id = item.id

-- name: attempt_columns
a.vdn, a.id, a.reservation_id, a.campaign_id, a.number, a.line, a.holder, a.state, a.called_no,
a.caller_no, a.alerting_seconds, a.due_at, a.claimed_at, a.placing_at, a.placed_at, a.ringing_at,
a.answered_at, a.ended_at, a.outcome, a.fail_code, a.cause, a.cause_text, a.sip_code,
a.asked_by, a.desk, a.hang_up_at, a.any_hour_by, a.desk_shows

-- name: add_attempts
INSERT INTO attempt (
  vdn, id, reservation_id, campaign_id, number, line, holder, state, called_no, caller_no,
  alerting_seconds, due_at, claimed_at
)
SELECT
  item.vdn, item.id, item.reservation_id, item.campaign_id, item.number, item.line, item.holder,
  item.state, item.called_no, item.caller_no, item.alerting_seconds, item.due_at, item.claimed_at
FROM {items of attempt} AS item

-- name: take_desk
-- Who was faster at this phone is told by no row.
INSERT INTO desk_call (vdn, desk, line, id) VALUES (:vdn, :desk, :line, :id)
ON CONFLICT DO NOTHING
RETURNING id

-- name: leave_desk
DELETE FROM desk_call WHERE vdn = :vdn AND desk = :desk AND id = :id

-- name: add_desk_call
-- Who was faster with this reservation is told by no row.
INSERT INTO attempt (
  vdn, id, reservation_id, campaign_id, number, line, holder, state, called_no, caller_no,
  alerting_seconds, due_at, claimed_at, asked_by, desk, any_hour_by, desk_shows
)
VALUES (
  :vdn, :id, :reservation_id, :campaign_id, :number, :line, :holder, :state, :called_no, :caller_no,
  :alerting_seconds, :due_at, :claimed_at, :asked_by, :desk, :any_hour_by, :desk_shows
)
ON CONFLICT DO NOTHING
RETURNING id

-- name: live_attempt_of
SELECT {attempt_columns} FROM attempt AS a
WHERE a.vdn = :vdn AND a.reservation_id = :reservation_id AND a.state <> 'ended'

-- name: live_attempt_at
SELECT {attempt_columns}
FROM desk_call AS d
JOIN attempt AS a ON a.vdn = d.vdn AND a.id = d.id
WHERE d.vdn = :vdn AND d.desk = :desk

-- name: live_desk_calls
SELECT {attempt_columns}
FROM desk_call AS d
JOIN attempt AS a ON a.vdn = d.vdn AND a.id = d.id
WHERE d.line = :line
-- Those that somebody has to do something about, before those that go on.
ORDER BY a.state = 'claimed' OR a.hang_up_at IS NOT NULL DESC, a.claimed_at, a.id
LIMIT :limit

-- name: count_desk_calls
SELECT line, COUNT(*) FROM desk_call GROUP BY line

-- name: lock_attempts
-- Its reservation is locked first, where that is locked too.
SELECT {attempt_columns}
FROM {items of attempt} AS item
JOIN attempt AS a ON a.vdn = {its_vdn} AND a.id = item.id
ORDER BY a.vdn, a.id FOR UPDATE OF a                                           -- postgres

-- name: update_attempts
UPDATE attempt AS a
SET (
  holder, state, caller_no, alerting_seconds, placing_at, placed_at, ringing_at, answered_at,
  ended_at, outcome, fail_code, cause, cause_text, sip_code, hang_up_at
) = (
  item.holder, item.state, item.caller_no, item.alerting_seconds, item.placing_at,
  item.placed_at, item.ringing_at, item.answered_at, item.ended_at, item.outcome, item.fail_code,
  item.cause, item.cause_text, item.sip_code, item.hang_up_at
)
FROM {items of attempt} AS item
WHERE a.vdn = {its_vdn} AND a.id = item.id

-- name: attempts_of
SELECT {attempt_columns} FROM attempt AS a
WHERE a.vdn = :vdn AND a.reservation_id = :reservation_id
ORDER BY a.claimed_at, a.number, a.id

-- name: live_attempts
-- Of a line: those of one holder, or, when none is given, those that nobody answers for: their
-- dispatcher's lease has run out, or they were claimed before an instant and never placed. What is
-- later than the latest was written by a clock that was ahead. What an agent asked for is nobody's
-- at first, and claimed for as long as the agent's phone rings.
SELECT {attempt_columns} FROM attempt AS a
WHERE a.state <> 'ended' AND a.line = :line
  AND a.holder = :holder                                                       -- if holder
  {of_nobody}                                                                  -- if now
ORDER BY a.claimed_at
LIMIT :limit

-- name: of_nobody
AND (
  a.holder NOT IN (
    SELECT d.name FROM dispatcher AS d WHERE d.lease_until > :now AND d.lease_until <= :latest
  )
  OR a.state = 'claimed' AND (
    a.claimed_at <= :claimed_before AND a.desk IS NULL
    OR a.claimed_at <= :desk_claimed_before
    OR a.claimed_at > :latest
  )
)
AND a.holder <> ''

-- name: count_live_attempts
SELECT line, vdn, campaign_id, COUNT(*) FROM attempt
WHERE state <> 'ended' GROUP BY line, vdn, campaign_id

-- name: line_pace
-- next_at is in UTC microseconds, unlike every other instant.
SELECT next_at FROM line WHERE name = :name

-- name: pace_line
INSERT INTO line (name, next_at) VALUES (:name, :next_at)
ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at

-- name: renew_lease
INSERT INTO dispatcher (
  name, line, begun_at, said_at, lease_until, is_up, per_second, trouble, calls_max,
  calls_per_second_max, outcomes, down_at, down_why
)
VALUES (
  :name, :line, :begun_at, :said_at, :lease_until, :is_up, :per_second, :trouble, :calls_max,
  :calls_per_second_max, :outcomes, :down_at, :down_why
)
ON CONFLICT (name) DO UPDATE
SET said_at = excluded.said_at, lease_until = excluded.lease_until, is_up = excluded.is_up,
  per_second = excluded.per_second, trouble = excluded.trouble, calls_max = excluded.calls_max,
  calls_per_second_max = excluded.calls_per_second_max, outcomes = excluded.outcomes,
  down_at = excluded.down_at, down_why = excluded.down_why

-- name: forget_dispatchers
DELETE FROM dispatcher WHERE lease_until < :before

-- name: dispatchers
SELECT name, line, begun_at, said_at, lease_until, is_up, per_second, trouble, calls_max,
  calls_per_second_max, outcomes, down_at, down_why
FROM dispatcher ORDER BY line, begun_at
