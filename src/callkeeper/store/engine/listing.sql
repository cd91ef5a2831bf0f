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

-- name: promises
SELECT
  r.state, r.appoint_at, r.due_at, r.tries, r.begin_at, r.outcome, r.business_result, r.fail_code,
  r.changed_at
{reservations_sought}
{sought}

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
