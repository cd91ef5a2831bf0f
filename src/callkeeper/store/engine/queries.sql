-- Statements, by name. Four marks at the end of a line choose what a statement holds:
--   sqlite | postgres   the line is for that engine only
--   if NAME             the line is there only when parameter NAME is given
--   unless NAME         the line is there only when it is not
-- {name} puts in the text of another statement. Many items come as one JSON array, :items, and
-- {items of TABLE} AS item reads them as rows: with the table's columns on PostgreSQL, and with the
-- columns that the statement asks of item on SQLite.
--
-- Parameter spread is given where tables are spread over machines by VDN: there rows are found, and
-- locked, only by an equality with a VDN that is given. So a statement over items names {its_vdn},
-- and one that then names :vdn is run for the items of each VDN by themselves, in their order.

-- name: its_vdn
item.vdn                                                                       -- unless spread
:vdn                                                                           -- if spread

-- name: reservation_columns
r.vdn, r.id, r.version, r.kind, r.state, r.campaign_id, r.called_no, r.agent, r.appoint_at,
r.due_at, r.tries, r.call_data, r.remark, r.caller_no, r.fail_code, r.call_id, r.business_result,
r.business_sub_result, r.begin_at, r.end_at, r.request, r.made_at, r.changed_at, r.look_at,
r.held_by, r.verdict, r.signed_at, r.outcome, r.seen_at

-- name: lock_reservations
-- In the order of the key, so that two processes never wait for each other.
SELECT {reservation_columns}
FROM {items of reservation} AS item
JOIN reservation AS r ON r.vdn = {its_vdn} AND r.id = item.id
ORDER BY r.vdn, r.id FOR UPDATE OF r                                           -- postgres

-- name: add_reservations
INSERT INTO reservation (
  vdn, id, version, kind, state, campaign_id, called_no, agent, appoint_at, due_at, tries,
  call_data, remark, caller_no, fail_code, call_id, business_result, business_sub_result,
  begin_at, end_at, request, made_at, changed_at, look_at, held_by, verdict, signed_at
)
SELECT
  item.vdn, item.id, item.version, item.kind, item.state, item.campaign_id, item.called_no,
  item.agent, item.appoint_at, item.due_at, item.tries, item.call_data, item.remark,
  item.caller_no, item.fail_code, item.call_id, item.business_result, item.business_sub_result,
  item.begin_at, item.end_at, item.request, item.made_at, item.changed_at, item.look_at,
  item.held_by, item.verdict, item.signed_at
FROM {items of reservation} AS item
ORDER BY item.vdn, item.id
ON CONFLICT (vdn, id) DO NOTHING
RETURNING vdn, id

-- name: file_results
-- The columns that a result changes and no index holds. SQLite rewrites every index of a column
-- that an UPDATE names, also where its value stays.
UPDATE reservation AS r
SET (
  version, state, caller_no, fail_code, call_id, business_result, business_sub_result, begin_at,
  end_at, changed_at, signed_at
) = (
  item.version, item.state, item.caller_no, item.fail_code, item.call_id, item.business_result,
  item.business_sub_result, item.begin_at, item.end_at, item.changed_at, item.signed_at
)
FROM {items of reservation} AS item
WHERE r.vdn = {its_vdn} AND r.id = item.id

-- name: update_reservations
UPDATE reservation AS r
SET (
  version, state, agent, appoint_at, due_at, tries, remark, caller_no, fail_code, call_id,
  business_result, business_sub_result, begin_at, end_at, changed_at, look_at, held_by, verdict,
  signed_at, outcome, seen_at
) = (
  item.version, item.state, item.agent, item.appoint_at, item.due_at, item.tries, item.remark,
  item.caller_no, item.fail_code, item.call_id, item.business_result, item.business_sub_result,
  item.begin_at, item.end_at, item.changed_at, item.look_at, item.held_by, item.verdict,
  item.signed_at, item.outcome, item.seen_at
)
FROM {items of reservation} AS item
WHERE r.vdn = {its_vdn} AND r.id = item.id

-- name: reservations_with_id
-- For the operator, who has an id and no VDN.
{tenants}                                                                      -- unless spread
SELECT {reservation_columns}
FROM tenant JOIN reservation AS r ON r.vdn = tenant.vdn AND r.id = :id         -- unless spread
FROM reservation AS r WHERE r.id = :id                                         -- if spread
ORDER BY r.vdn

-- name: tenants
-- One look into the primary key for each possible VDN. Each part of a spread table is read through,
-- side by side.
WITH RECURSIVE tenant (vdn) AS (
  SELECT 1 UNION ALL SELECT vdn + 1 FROM tenant WHERE vdn < 9999
)

-- name: unsettled
-- After a restore: all there is is read, once.
SELECT r.vdn,
  COUNT(*) FILTER (WHERE r.state = 'waiting' AND r.due_at < :before),
  COUNT(*) FILTER (WHERE r.state = 'calling'),
  COUNT(*) FILTER (WHERE r.kind = 'manual' AND r.state = 'waiting' AND r.appoint_at < :before),
  MAX(r.changed_at)
FROM reservation AS r
WHERE r.vdn = :vdn                                                             -- if vdn
GROUP BY r.vdn
ORDER BY r.vdn

-- name: due_before
-- By key, which nothing changes, so that one batch after the other goes through all there is.
SELECT {reservation_columns}
FROM reservation AS r
WHERE (r.vdn, r.id) > (:after_vdn, :after_id)
  AND r.vdn = :vdn                                                             -- if vdn
  AND r.state = 'waiting' AND r.due_at < :before
ORDER BY r.vdn, r.id
LIMIT :limit

-- name: add_events
INSERT INTO event (vdn, subject, version, happened_at, what, by_whom, detail, request)
SELECT
  item.vdn, item.subject, item.version, item.happened_at, item.what, item.by_whom, item.detail,
  item.request
FROM {items of event} AS item

-- name: events
SELECT vdn, subject, version, happened_at, what, by_whom, detail, request
FROM event WHERE vdn = :vdn AND subject = :subject ORDER BY version

-- name: carried_out
-- Which requests the history of what they are about holds already, from a version on.
SELECT e.vdn, e.subject, e.request
FROM {items of event} AS item
JOIN event AS e
  ON e.vdn = {its_vdn} AND e.subject = item.subject AND e.version >= item.version
WHERE e.request = item.request

-- name: begun_by
SELECT subject FROM event WHERE vdn = :vdn AND request = :request AND version = 1

-- name: claim_idempotency_keys
INSERT INTO idempotency (vdn, idempotency_key, idempotency_body, id, seen_at)
SELECT item.vdn, item.idempotency_key, item.idempotency_body, item.id, item.seen_at
FROM {items of idempotency} AS item
ORDER BY item.vdn, item.idempotency_key
ON CONFLICT (vdn, idempotency_key) DO NOTHING
RETURNING id

-- name: idempotency_key
SELECT idempotency_body, id FROM idempotency
WHERE vdn = :vdn AND idempotency_key = :idempotency_key

-- name: forget_idempotency_keys
DELETE FROM idempotency WHERE vdn = :vdn AND seen_at < :before

-- name: note_agents
INSERT INTO agent (vdn, account, user_name, made_at)
SELECT item.vdn, item.account, NULL, item.made_at
FROM {items of agent} AS item
ORDER BY item.vdn, item.account
ON CONFLICT (vdn, account) DO NOTHING

-- name: lock_agents
-- In the order of the key, so that two processes never wait for each other.
SELECT a.vdn, a.account
FROM {items of agent} AS item
JOIN agent AS a ON a.vdn = {its_vdn} AND a.account = item.account
ORDER BY a.vdn, a.account FOR UPDATE OF a                                      -- postgres

-- name: name_agent
INSERT INTO agent (vdn, account, user_name, made_at)
VALUES (:vdn, :account, :user_name, :made_at)
ON CONFLICT (vdn, account) DO UPDATE SET user_name = excluded.user_name

-- name: agent
SELECT vdn, account, user_name, made_at
FROM agent WHERE vdn = :vdn AND account = :account

-- name: agents
SELECT vdn, account, user_name, made_at
FROM agent WHERE vdn = :vdn AND account > :after
ORDER BY account
LIMIT :limit

-- name: business_results
SELECT vdn, parent, code, name, description, made_at, place, retired_at
FROM business_result WHERE vdn = :vdn

-- name: business_result
SELECT vdn, parent, code, name, description, made_at, place, retired_at
FROM business_result WHERE vdn = :vdn AND parent = :parent AND code = :code

-- name: sub_business_results
SELECT vdn, parent, code, name, description, made_at, place, retired_at
FROM business_result WHERE vdn = :vdn AND parent = :parent

-- name: offer_business_result
UPDATE business_result SET retired_at = :retired_at
WHERE vdn = :vdn AND parent = :parent AND code = :code

-- name: top_business_results
-- A page of top-level results and their sub-results; each result comes before its own.
WITH page AS (
  SELECT code, made_at FROM business_result
  WHERE vdn = :vdn AND parent = ''
  ORDER BY made_at, code
  LIMIT :limit OFFSET :offset
)
SELECT b.vdn, b.parent, b.code, b.name, b.description, b.made_at, b.place, b.retired_at
FROM page JOIN business_result AS b
  ON b.vdn = :vdn AND (b.parent = page.code OR b.parent = '' AND b.code = page.code)
ORDER BY page.made_at, page.code, b.parent, b.place

-- name: count_top_business_results
SELECT COUNT(*) FROM business_result WHERE vdn = :vdn AND parent = ''

-- name: same_business_results
-- The top-level results that a new one of this code and name would clash with.
SELECT vdn, parent, code, name, description, made_at, place, retired_at
FROM business_result
WHERE vdn = :vdn AND parent = '' AND (code = :code OR name = :name)

-- name: add_business_results
INSERT INTO business_result (vdn, parent, code, name, description, made_at, place)
SELECT
  item.vdn, item.parent, item.code, item.name, item.description, item.made_at, item.place
FROM {items of business_result} AS item

-- name: campaign_columns
c.vdn, c.id, c.version, c.name, c.description, c.status, c.begin_at, c.end_at, c.device_type,
c.caller_numbers, c.alerting_seconds_max, c.workday_windows, c.special_day_windows, c.terms,
c.made_at, c.changed_at, c.deleted_at, c.goes_to, c.practice

-- name: campaign
SELECT {campaign_columns} FROM campaign AS c
WHERE c.vdn = :vdn AND c.id = :id AND c.deleted_at IS NULL

-- name: campaign_or_deleted
SELECT {campaign_columns} FROM campaign AS c WHERE c.vdn = :vdn AND c.id = :id

-- name: lock_campaigns
-- All that a VDN's campaigns and business results undergo, they undergo one after another, under
-- the lock of this row: so the quota and the unique names hold with any number of processes.
INSERT INTO campaign_counter (vdn, last_id)
SELECT :vdn, COALESCE(MAX(id), 0) FROM campaign WHERE vdn = :vdn
ON CONFLICT (vdn) DO UPDATE SET last_id = CASE
  WHEN excluded.last_id > campaign_counter.last_id THEN excluded.last_id
  ELSE campaign_counter.last_id
END
RETURNING last_id

-- name: advance_campaign_counter
UPDATE campaign_counter SET last_id = :last_id WHERE vdn = :vdn AND last_id < :last_id

-- name: campaign_id_given
SELECT id FROM campaign WHERE vdn = :vdn AND id = :id

-- name: campaign_named
SELECT id FROM campaign WHERE vdn = :vdn AND name = :name AND deleted_at IS NULL

-- name: active_campaigns
SELECT device_type, COUNT(*) FROM campaign
WHERE vdn = :vdn AND deleted_at IS NULL AND end_at > :now
GROUP BY device_type

-- name: listed_campaigns
FROM campaign AS c
WHERE c.vdn = :vdn AND c.deleted_at IS NULL
  {named_like}                                                                 -- if name
  AND c.status = :status AND c.end_at > :now                                   -- if status
  AND c.end_at <= :now                                                         -- if ended
  AND c.device_type = :device_type                                             -- if device_type
  AND c.begin_at >= :begin_at                                                  -- if begin_at
  AND c.end_at <= :end_at                                                      -- if end_at

-- name: named_like
AND instr(c.name, :name) > 0                                                   -- sqlite
AND strpos(c.name, :name) > 0                                                  -- postgres

-- name: count_campaigns
SELECT COUNT(*)
{listed_campaigns}

-- name: find_campaigns
SELECT {campaign_columns}
{listed_campaigns}
ORDER BY c.id
LIMIT :limit OFFSET :offset

-- name: add_campaign
INSERT INTO campaign (
  vdn, id, version, name, description, status, begin_at, end_at, device_type, caller_numbers,
  alerting_seconds_max, workday_windows, special_day_windows, terms, made_at, changed_at,
  deleted_at, goes_to, practice
)
VALUES (
  :vdn, :id, :version, :name, :description, :status, :begin_at, :end_at, :device_type,
  :caller_numbers, :alerting_seconds_max, :workday_windows, :special_day_windows, :terms,
  :made_at, :changed_at, :deleted_at, :goes_to, :dial_settings
)

-- name: update_campaign
UPDATE campaign
SET
  version = :version, name = :name, description = :description, status = :status,
  begin_at = :begin_at, end_at = :end_at, caller_numbers = :caller_numbers,
  alerting_seconds_max = :alerting_seconds_max, workday_windows = :workday_windows,
  special_day_windows = :special_day_windows, terms = :terms, changed_at = :changed_at,
  deleted_at = :deleted_at, goes_to = :goes_to, practice = :dial_settings
WHERE vdn = :vdn AND id = :id

-- name: add_access_key
INSERT INTO access_key (ak, vdn, sealed_secret, note, made_at, revoked_at)
VALUES (:ak, :vdn, :sealed_secret, :note, :made_at, NULL)

-- name: revoke_access_key
UPDATE access_key SET revoked_at = :revoked_at WHERE ak = :ak AND revoked_at IS NULL

-- name: reseal_access_key
UPDATE access_key SET sealed_secret = :sealed_secret WHERE ak = :ak

-- name: lock_access_key
SELECT ak, vdn, sealed_secret, note, made_at, revoked_at, per_second, burst
FROM access_key WHERE ak = :ak AND revoked_at IS NULL
FOR UPDATE                                                                     -- postgres

-- name: limit_access_key
UPDATE access_key SET per_second = :per_second, burst = :burst WHERE ak = :ak

-- name: access_key
SELECT ak, vdn, sealed_secret, note, made_at, revoked_at, per_second, burst
FROM access_key WHERE ak = :ak

-- name: access_keys
SELECT ak, vdn, sealed_secret, note, made_at, revoked_at, per_second, burst
FROM access_key ORDER BY made_at, ak

-- name: schema_version
SELECT COALESCE(MAX(number), 0) FROM schema_version

-- name: write_probe
-- To another value each time: SQLite writes nothing where nothing changes. A row that another
-- server holds just now is passed over, so that no batch waits for another's probe.
UPDATE probe SET writes = writes + 1
WHERE id = 1                                                                   -- sqlite
WHERE id = (SELECT id FROM probe WHERE id = 1 FOR UPDATE SKIP LOCKED)          -- postgres

-- name: database_now
-- In UTC milliseconds, for the doctor to compare clocks.
SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)              -- sqlite
SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)            -- postgres
