-- What is outstanding; queries.sql tells how statements are written. The table holds few of all
-- reservations, so all of a range are read.

-- name: outstanding_sought
FROM outstanding AS o
WHERE o.vdn = :vdn
  AND o.agent = :agent                                                         -- if agent
  AND o.campaign_id = :campaign_id                                             -- if campaign_id
  AND o.promised_at >= :begin_at AND o.promised_at <= :end_at

-- name: count_outstanding
WITH r AS MATERIALIZED (
  SELECT o.campaign_id, o.agent, o.kind, o.state, o.tries > 0 AS is_tried, o.outcome,
    MIN(o.promised_at) AS promised_at, COUNT(*) AS alike
  {outstanding_sought}
  GROUP BY o.campaign_id, o.agent, o.kind, o.state, o.tries > 0, o.outcome,
    o.promised_at < :late_before, o.promised_at < :broken_before
)
SELECT r.campaign_id, c.name, r.agent, a.user_name, r.kind, r.state, r.is_tried, r.outcome,
  r.promised_at, r.alike
FROM r
{names}

-- name: seek_outstanding
WITH found AS MATERIALIZED (
  SELECT o.promised_at, o.id
  {outstanding_sought}
    {outstanding_in_states}
    AND (o.state <> 'waiting' OR o.tries > 0)                                  -- if tried
    AND (o.state <> 'waiting' OR o.tries = 0)                                  -- if untried
    AND (o.state <> 'done' OR o.outcome = 'unknown')                           -- if unknown
    AND (o.state <> 'done' OR o.outcome <> 'unknown')                          -- if known
  ORDER BY o.promised_at, o.id
  LIMIT :limit OFFSET :offset
)
SELECT {listed_columns}
FROM found
JOIN reservation AS r ON r.vdn = :vdn AND r.id = found.id
{names}
ORDER BY found.promised_at, found.id

-- name: pulse_of_agents
-- Sums that move with every change: of versions, which grow, of ids, and of what time alone moves.
SELECT COALESCE(o.agent, ''), COUNT(*), SUM(o.version),
  SUM(CAST(SUBSTR(o.id, -9) AS INTEGER)),                                      -- sqlite
  CAST(SUM(CAST(hashtext(o.id) AS BIGINT)) AS BIGINT),                         -- postgres
  COUNT(*) FILTER (WHERE o.promised_at <= :due_by),
  COUNT(*) FILTER (WHERE o.promised_at < :late_before),
  COUNT(*) FILTER (WHERE o.promised_at < :broken_before)
FROM outstanding AS o
WHERE o.vdn = :vdn AND o.promised_at <= :until
GROUP BY o.agent
ORDER BY o.agent

-- name: pulse_of_calls
-- Each step of a call moves it, by agent of its reservation; and so does time alone, where nobody
-- has taken a call that an agent asked for.
SELECT COALESCE(c.agent, ''), COUNT(*), COUNT(NULLIF(c.holder, '')), COUNT(c.placing_at),
  COUNT(c.ringing_at), COUNT(c.answered_at), COUNT(c.hang_up_at),
  COUNT(*) FILTER (WHERE c.holder = '' AND c.claimed_at < :asked_before),
  SUM(CAST(SUBSTR(c.id, -9) AS INTEGER))                                       -- sqlite
  CAST(SUM(CAST(hashtext(c.id) AS BIGINT)) AS BIGINT)                          -- postgres
FROM (
  SELECT t.id, t.holder, t.claimed_at, t.placing_at, t.ringing_at, t.answered_at, t.hang_up_at,
    -- By key, one for each call: no planner may go through the reservations of a VDN for it.
    (SELECT r.agent FROM reservation AS r WHERE r.vdn = t.vdn AND r.id = t.reservation_id) AS agent
  -- Without a word SQLite would go through all attempts that the VDN ever had.
  FROM attempt AS t INDEXED BY attempt_live                                    -- sqlite
  FROM attempt AS t                                                            -- postgres
  WHERE t.vdn = :vdn AND t.state <> 'ended'
) AS c
GROUP BY c.agent
ORDER BY c.agent

-- name: pulse_of_campaigns
-- Of those that have something outstanding.
SELECT SUM(c.version), COUNT(*) FILTER (WHERE c.end_at <= :now)
FROM campaign AS c
WHERE c.vdn = :vdn AND c.id IN (
  SELECT o.campaign_id FROM outstanding AS o WHERE o.vdn = :vdn AND o.promised_at <= :until
)

-- name: coming
SELECT o.id, o.agent, o.promised_at
FROM outstanding AS o
WHERE o.vdn = :vdn AND o.promised_at >= :begin_at AND o.promised_at <= :end_at
  AND o.state = 'waiting' AND o.kind = 'manual' AND o.agent IS NOT NULL
ORDER BY o.promised_at, o.id

-- name: outstanding_in_states
AND o.state IN (SELECT value FROM json_each(:states))                          -- sqlite
AND o.state = ANY(:states)                                                     -- postgres

-- name: calls_by_minute
SELECT o.promised_at / 60000 AS minute,
  CASE WHEN o.kind = 'manual' THEN o.agent END AS agent,
  CASE WHEN o.campaign_id = :campaign_id THEN 1 ELSE 0 END AS is_of_campaign,
  COUNT(*)
FROM outstanding AS o
WHERE o.vdn = :vdn AND o.promised_at >= :begin_at AND o.promised_at < :end_at
  AND o.state IN ('waiting', 'calling')
  AND o.id <> :but                                                             -- if but
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- name: miskept_outstanding
-- What is kept for a range and should not be so; and what was appointed for it and should be kept.
SELECT o.id
{outstanding_sought}
  AND NOT EXISTS (
    SELECT 1 FROM outstanding_reservation AS r
    WHERE r.vdn = :vdn AND r.id = o.id AND r.promised_at = o.promised_at
      AND r.version = o.version AND r.kind = o.kind AND r.state = o.state
      AND r.campaign_id = o.campaign_id AND COALESCE(r.agent, '') = COALESCE(o.agent, '')
      AND r.tries = o.tries AND COALESCE(r.outcome, '') = COALESCE(o.outcome, '')
  )
UNION
SELECT r.id
FROM reservation AS r
JOIN outstanding_reservation AS wanted ON wanted.vdn = :vdn AND wanted.id = r.id
WHERE r.vdn = :vdn AND r.appoint_at >= :begin_at AND r.appoint_at <= :end_at
  AND NOT EXISTS (
    SELECT 1 FROM outstanding AS o
    WHERE o.vdn = :vdn AND o.promised_at = wanted.promised_at AND o.id = wanted.id
  )
ORDER BY id
LIMIT :limit
