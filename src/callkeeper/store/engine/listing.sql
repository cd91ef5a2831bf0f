-- Lists of reservations; queries.sql tells how statements are written, decision 0009 why these are
-- as they are. A list is one statement, so that page and total are of one moment; a page past the
-- end is one empty row.

-- name: listed_columns
{reservation_columns}, c.name, c.status, c.end_at, c.deleted_at, a.user_name

-- name: with_names
{names}
ORDER BY r.appoint_at, r.id

-- name: names
LEFT JOIN campaign AS c ON c.vdn = :vdn AND c.id = r.campaign_id
LEFT JOIN agent AS a ON a.vdn = :vdn AND a.account = r.agent

-- name: listed_reservation
SELECT {listed_columns}
FROM reservation AS r
{names}
WHERE r.vdn = :vdn AND r.id = :id

-- name: of_agents
AND r.agent IN (SELECT value FROM json_each(:agents))                          -- sqlite
AND r.agent = ANY(:agents)                                                     -- postgres

-- name: find_reservations
-- The tallies have counted the whole days; what is left of a day at either end of the range is
-- counted by index. That tells how many there are, and from when to when the page goes: nothing
-- outside of it is read.
WITH span AS (
  SELECT CAST(d.day AS BIGINT) * 86400000 AS from_at,
    CAST(d.day AS BIGINT) * 86400000 + 86399999 AS to_at,
    CAST(SUM(d.listed) AS BIGINT) AS listed
  {tallied}
  GROUP BY d.day
  {and_head}                                                                   -- if head_end_at
  {and_tail}                                                                   -- if tail_begin_at
), walked AS (
  SELECT from_at, to_at, listed, SUM(listed) OVER (ORDER BY from_at) AS upto FROM span
), page AS MATERIALIZED (
  SELECT CAST(COALESCE(SUM(listed), 0) AS BIGINT) AS total,
    MIN(from_at) FILTER (WHERE upto > :offset) AS from_at,
    MAX(to_at) FILTER (WHERE upto - listed - :limit < :offset) AS to_at,
    CAST(:offset - COALESCE(MIN(upto - listed) FILTER (WHERE upto > :offset), 0) AS BIGINT) AS skip
  FROM walked
), found AS (
  SELECT r.*
  {listed_reservations}
    AND r.appoint_at >= (SELECT from_at FROM page)
    AND r.appoint_at <= (SELECT to_at FROM page)
  ORDER BY r.appoint_at, r.id
  LIMIT :limit OFFSET (SELECT skip FROM page)
)
SELECT page.total, {listed_columns}
FROM page
LEFT JOIN found AS r ON TRUE
{with_names}

-- name: tallied
FROM campaign_day AS d                                                         -- unless agents
FROM agent_day AS d                                                            -- if agents
WHERE d.vdn = :vdn
  {tallied_agents}                                                             -- if agents
  AND d.campaign_id = :campaign_id                                             -- if campaign_id
  AND d.day >= :first_day                                                      -- if first_day
  AND d.day <= :last_day                                                       -- if last_day

-- name: tallied_agents
AND d.agent IN (SELECT value FROM json_each(:agents))                          -- sqlite
AND d.agent = ANY(:agents)                                                     -- postgres

-- name: and_head
UNION ALL
SELECT :begin_at, :head_end_at, COUNT(*)
{listed_reservations}
  AND r.appoint_at >= :begin_at AND r.appoint_at <= :head_end_at

-- name: and_tail
UNION ALL
SELECT :tail_begin_at, :end_at, COUNT(*)
{listed_reservations}
  AND r.appoint_at >= :tail_begin_at AND r.appoint_at <= :end_at

-- name: listed_reservations
FROM reservation AS r
{through_agents}                                                               -- if agents
WHERE r.vdn = :vdn AND r.state <> 'cancelled'
  {of_agents}                                                                  -- if agents
  AND r.campaign_id = :campaign_id                                             -- if campaign_id

-- name: through_agents
-- SQLite would walk through everybody's time rather than sort.
INDEXED BY reservation_by_agent                                                -- sqlite

-- name: find_reservations_of_number
-- A number has few reservations: they are counted.
WITH found AS (
  SELECT COUNT(*) AS total
  {reservations_of_number}
), page AS (
  SELECT r.*
  {reservations_of_number}
  ORDER BY r.appoint_at, r.id
  LIMIT :limit OFFSET :offset
)
SELECT found.total, {listed_columns}
FROM found
LEFT JOIN page AS r ON TRUE
{with_names}

-- name: reservations_of_number
FROM reservation AS r
INDEXED BY reservation_by_number                                               -- sqlite
WHERE r.vdn = :vdn AND r.called_no = :called_no AND r.state <> 'cancelled'
  {of_agents}                                                                  -- if agents
  AND r.campaign_id = :campaign_id                                             -- if campaign_id
  AND r.appoint_at >= :begin_at                                                -- if begin_at
  AND r.appoint_at <= :end_at                                                  -- if end_at

-- name: miscounted_days
-- The days, of a VDN and a range of whole days, of which a tally is not what counting finds.
SELECT day FROM (
  SELECT d.day, d.campaign_id, d.listed FROM campaign_day AS d
  WHERE d.vdn = :vdn AND d.day >= :first_day AND d.day <= :last_day
  UNION ALL
  SELECT r.appoint_at / 86400000, r.campaign_id, -1
  {reservations_of_days}
) AS by_campaign
GROUP BY day, campaign_id HAVING SUM(listed) <> 0
UNION
SELECT day FROM (
  SELECT d.day, d.campaign_id, d.agent, d.listed FROM agent_day AS d
  WHERE d.vdn = :vdn AND d.day >= :first_day AND d.day <= :last_day
  UNION ALL
  SELECT r.appoint_at / 86400000, r.campaign_id, r.agent, -1
  {reservations_of_days} AND r.agent IS NOT NULL
) AS by_agent
GROUP BY day, campaign_id, agent HAVING SUM(listed) <> 0
ORDER BY day

-- name: reservations_of_days
FROM reservation AS r
WHERE r.vdn = :vdn AND r.state <> 'cancelled'
  AND r.appoint_at >= CAST(:first_day AS BIGINT) * 86400000
  AND r.appoint_at < (CAST(:last_day AS BIGINT) + 1) * 86400000

-- name: seek
SELECT {listed_columns}
{reservations_sought}
{names}
{sought}
  {of_states}
  AND r.kind = :kind                                                           -- if kind
  {of_outcomes}                                                                -- if outcomes
  AND r.business_result IS NULL                                                -- if unfiled
ORDER BY r.appoint_at, r.id                                                    -- unless newest
ORDER BY r.appoint_at DESC, r.id DESC                                          -- if newest
LIMIT :limit

-- name: reservations_sought
FROM reservation AS r
{through_agents}                                                               -- if agent

-- name: sought
WHERE r.vdn = :vdn
  AND r.agent = :agent                                                         -- if agent
  AND r.campaign_id = :campaign_id                                             -- if campaign_id
  AND r.appoint_at >= :begin_at AND r.appoint_at <= :end_at

-- name: of_states
AND r.state IN (SELECT value FROM json_each(:states))                          -- sqlite
AND r.state = ANY(:states)                                                     -- postgres

-- name: of_outcomes
AND (
  r.state <> 'done'
  OR r.outcome IN (SELECT value FROM json_each(:outcomes))                     -- sqlite
  OR r.outcome = ANY(:outcomes)                                                -- postgres
)

-- name: vdns_with_reservations
{vdns_in_steps}                                                                -- unless spread
{vdns_of_all}                                                                  -- if spread

-- name: vdns_of_all
-- Of each part of a spread table, side by side: it is read through.
SELECT DISTINCT r.vdn FROM reservation AS r ORDER BY r.vdn

-- name: vdns_in_steps
-- From one VDN to the next, by the primary key: as many steps as there are VDNs.
WITH RECURSIVE found (vdn) AS (
  SELECT MIN(r.vdn) FROM reservation AS r
  UNION ALL
  SELECT (SELECT MIN(r.vdn) FROM reservation AS r WHERE r.vdn > found.vdn)
  FROM found WHERE found.vdn IS NOT NULL
)
SELECT vdn FROM found WHERE vdn IS NOT NULL

-- name: reach
-- Read off an index alone, so that far more can be counted than looked through.
SELECT r.appoint_at
{reservations_sought}
{sought}
ORDER BY r.appoint_at, r.id
LIMIT 1 OFFSET :count

-- name: reach_back
SELECT r.appoint_at
{reservations_sought}
{sought}
ORDER BY r.appoint_at DESC, r.id DESC
LIMIT 1 OFFSET :count

-- name: tally_promises
-- Those of which the same is told are counted as one; all of the range are read, and few come back.
WITH r AS MATERIALIZED (
  SELECT
    (r.appoint_at - :begin_at) / 3600000 AS hour,                              -- if by_hour
    0 AS hour,                                                                 -- unless by_hour
    r.campaign_id,                                                             -- if by_campaign
    CAST(NULL AS BIGINT) AS campaign_id,                                       -- unless by_campaign
    r.agent,                                                                   -- if by_agent
    CAST(NULL AS TEXT) AS agent,                                               -- unless by_agent
    r.state, r.tries > 0 AS is_tried, r.outcome, r.business_result IS NULL AS is_unfiled,
    r.fail_code,
    r.begin_at <= r.appoint_at + :grace_ms AS began_in_time,
    r.changed_at <= r.appoint_at + :grace_ms AS changed_in_time,
    GREATEST(r.appoint_at, r.due_at) < :now AS is_late,                        -- postgres
    GREATEST(r.appoint_at, r.due_at) < :now - :grace_ms AS is_over,            -- postgres
    MAX(r.appoint_at, COALESCE(r.due_at, 0)) < :now AS is_late,                -- sqlite
    MAX(r.appoint_at, COALESCE(r.due_at, 0)) < :now - :grace_ms AS is_over,    -- sqlite
    MIN(r.appoint_at) AS appoint_at,
    MIN(GREATEST(r.appoint_at, r.due_at)) AS promised_at,                      -- postgres
    MIN(MAX(r.appoint_at, COALESCE(r.due_at, 0))) AS promised_at,              -- sqlite
    COUNT(*) AS alike
  {reservations_sought}
  {sought}
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
)
SELECT r.hour, r.campaign_id, c.name, r.agent, a.user_name, r.state, r.is_tried, r.outcome,
  r.is_unfiled, r.fail_code, r.began_in_time, r.changed_in_time, r.appoint_at, r.promised_at,
  r.alike
FROM r
{names}

-- name: reservations_beginning
SELECT {reservation_columns}
FROM reservation AS r
WHERE r.vdn = :vdn AND r.id >= :first AND r.id < :after
ORDER BY r.id
LIMIT :limit

-- name: reservations_ending
-- The ids are compared in an index; only those that fit are read.
SELECT {reservation_columns}
FROM reservation AS r
WHERE r.vdn = :vdn AND r.id IN (
  SELECT r.id
  {reservations_sought}
  {sought}
    AND r.id LIKE :ending
)
ORDER BY r.appoint_at, r.id
LIMIT :limit
