-- People; queries.sql tells how statements are written.

-- name: person_columns
p.login, p.version, p.name, p.language, p.zone, p.made_at, p.disabled_at,
p.password_hash IS NOT NULL, p.theme, p.has_shortcuts,
  p.own_warning_minutes, p.has_sound, p.away_since

-- name: lock_people
-- In the order of the key, so that two processes never wait for each other.
SELECT {person_columns}
FROM {items of person} AS item
JOIN person AS p ON p.login = item.login
ORDER BY p.login FOR UPDATE OF p                                               -- postgres

-- name: person
SELECT {person_columns} FROM person AS p WHERE p.login = :login

-- name: is_any_person
SELECT 1 FROM person LIMIT 1

-- name: people
SELECT {person_columns} FROM person AS p
WHERE p.login IN (SELECT login FROM role WHERE vdn = :vdn)                     -- if vdn
ORDER BY p.login

-- name: add_person
INSERT INTO person (login, version, name, made_at)
VALUES (:login, :version, :name, :made_at)
ON CONFLICT (login) DO NOTHING
RETURNING login

-- name: update_person
UPDATE person
SET version = :version, name = :name, language = :language, zone = :zone,
  disabled_at = :disabled_at, theme = :theme, has_shortcuts = :has_shortcuts,
  own_warning_minutes = :warning_minutes, has_sound = :has_sound, away_since = :away_since
WHERE login = :login

-- name: seen
-- By role; a row without a VDN for whoever has none.
SELECT p.login, r.vdn, t.lease_until, p.seen_at, max(s.used_at), p.away_since
FROM {items of person} AS item
JOIN person AS p ON p.login = item.login
LEFT JOIN session AS s ON s.login = p.login
LEFT JOIN role AS r ON r.login = p.login
LEFT JOIN presence AS t ON t.vdn = r.vdn AND t.login = r.login
GROUP BY p.login, r.vdn, t.lease_until, p.seen_at, p.away_since

-- name: agents_seen
SELECT r.agent, t.lease_until, p.seen_at, max(s.used_at), p.away_since
FROM role AS r
JOIN person AS p ON p.login = r.login AND p.disabled_at IS NULL
LEFT JOIN presence AS t ON t.vdn = r.vdn AND t.login = r.login
LEFT JOIN session AS s ON s.login = r.login
WHERE r.vdn = :vdn AND r.agent IS NOT NULL
GROUP BY r.agent, r.login, t.lease_until, p.seen_at, p.away_since
ORDER BY r.agent, r.login

-- name: renew_presence
-- Whoever has lost the role meanwhile, or loses it just now, is left out; so the table has at most
-- a row for each, and whoever takes roles is not waited for. In the order of the key, so that two
-- processes never wait for each other.
INSERT INTO presence (vdn, login, lease_until)
SELECT item.vdn, item.login, :lease_until
FROM {items of presence} AS item
JOIN role AS r ON r.login = item.login AND r.vdn = item.vdn
ORDER BY item.vdn, item.login
FOR KEY SHARE OF r SKIP LOCKED                                                 -- postgres
ON CONFLICT (vdn, login) DO UPDATE SET lease_until = excluded.lease_until

-- name: end_presence
DELETE FROM presence WHERE vdn = :vdn AND login = :login

-- name: agents_there
SELECT r.agent, p.away_since IS NOT NULL
FROM presence AS t
JOIN role AS r ON r.login = t.login AND r.vdn = t.vdn
JOIN person AS p ON p.login = t.login AND p.disabled_at IS NULL
WHERE t.vdn = :vdn AND t.lease_until > :now AND t.lease_until <= :latest AND r.agent IS NOT NULL
ORDER BY r.agent, t.login

-- name: come_back
UPDATE person SET version = version + 1, away_since = NULL
WHERE login = :login AND away_since IS NOT NULL

-- name: note_seen
UPDATE person SET seen_at = (SELECT max(s.used_at) FROM session AS s WHERE s.login = :login)
WHERE login = :login AND EXISTS (
  SELECT 1 FROM session AS s
  WHERE s.login = :login AND s.used_at > coalesce(person.seen_at, 0)
)

-- name: set_password
UPDATE person SET version = version + 1, password_hash = :password_hash WHERE login = :login

-- name: void_password
UPDATE person SET password_hash = NULL WHERE login = :login

-- name: roles_of
SELECT login, kind, vdn, agent, phone FROM role WHERE login = :login ORDER BY vdn

-- name: roles
SELECT login, kind, vdn, agent, phone FROM role
WHERE login IN (SELECT m.login FROM role AS m WHERE m.vdn = :vdn)              -- if vdn
ORDER BY login, vdn

-- name: put_role
INSERT INTO role (login, kind, vdn, agent, phone) VALUES (:login, :kind, :vdn, :agent, :phone)
ON CONFLICT (login, vdn) DO UPDATE
SET kind = excluded.kind, agent = excluded.agent, phone = excluded.phone

-- name: take_role
DELETE FROM role WHERE login = :login AND vdn = :vdn

-- name: tie_of
SELECT login, issuer, subject FROM tie WHERE login = :login

-- name: ties
SELECT login, issuer, subject FROM tie
WHERE login IN (SELECT login FROM role WHERE vdn = :vdn)                       -- if vdn

-- name: tied
SELECT login FROM tie WHERE issuer = :issuer AND subject = :subject

-- name: put_tie
-- Whoever is tied to the account already stays so.
INSERT INTO tie (issuer, subject, login) VALUES (:issuer, :subject, :login)
ON CONFLICT (issuer, subject) DO NOTHING
RETURNING login

-- name: take_tie
DELETE FROM tie WHERE issuer = :issuer AND subject = :subject

-- name: tied_by
-- Who tied an account to a person last, or added them with one.
SELECT by_whom FROM deed
WHERE happened_at <= :at AND subject = :whose AND what IN ('person_tied', 'person_added')
ORDER BY happened_at DESC, number DESC
LIMIT 1

-- name: password_of
SELECT password_hash FROM person
WHERE login = :login AND disabled_at IS NULL AND password_hash IS NOT NULL

-- name: link
SELECT l.digest, l.login, l.made_at, l.ends_at, l.used_at
FROM link AS l
JOIN person AS p ON p.login = l.login AND p.disabled_at IS NULL
WHERE l.digest = :digest

-- name: add_link
INSERT INTO link (digest, login, made_at, ends_at)
VALUES (:digest, :login, :made_at, :ends_at)

-- name: use_link
UPDATE link SET used_at = :used_at WHERE digest = :digest

-- name: void_links
DELETE FROM link WHERE login = :login

-- name: feed
SELECT f.digest, f.login, f.made_at
FROM feed AS f
JOIN person AS p ON p.login = f.login AND p.disabled_at IS NULL
WHERE f.digest = :digest

-- name: feed_of
SELECT digest, login, made_at FROM feed WHERE login = :login

-- name: add_feed
INSERT INTO feed (digest, login, made_at) VALUES (:digest, :login, :made_at)

-- name: end_feed
DELETE FROM feed WHERE login = :login

-- name: add_session
INSERT INTO session (digest, login, made_at, used_at, ends_at, proven_at)
VALUES (:digest, :login, :made_at, :used_at, :ends_at, :proven_at)

-- name: session
SELECT digest, login, made_at, used_at, ends_at, proven_at FROM session WHERE digest = :digest

-- name: sessions_of
SELECT digest, login, made_at, used_at, ends_at, proven_at
FROM session WHERE login = :login ORDER BY made_at, digest

-- name: login_of_session
SELECT login FROM session WHERE digest = :digest

-- name: mark_session
-- What another server ends or marks just now is left to that one.
UPDATE session SET used_at = :used_at
WHERE digest = :digest AND used_at < :used_at                                  -- sqlite
WHERE digest = (                                                               -- postgres
  SELECT digest FROM session WHERE digest = :digest AND used_at < :used_at     -- postgres
  FOR UPDATE SKIP LOCKED                                                       -- postgres
)                                                                              -- postgres

-- name: end_session
DELETE FROM session WHERE digest = :digest

-- name: end_sessions
DELETE FROM session WHERE login = :login

-- name: note_guess
INSERT INTO guess (digest, guesses, guessed_at) VALUES (:digest, 1, :guessed_at)
ON CONFLICT (digest) DO UPDATE SET
  guesses = CASE WHEN guess.guessed_at <= :forgotten_at THEN 1 ELSE guess.guesses + 1 END,
  guessed_at = excluded.guessed_at
RETURNING guesses

-- name: forget_guesses
DELETE FROM guess WHERE digest = :digest

-- name: forget_old_guesses
-- A row that another server holds just now is left to that one.
DELETE FROM guess WHERE digest IN (
  SELECT digest FROM guess WHERE guessed_at <= :forgotten_at LIMIT :limit
  FOR UPDATE SKIP LOCKED                                                       -- postgres
)

-- name: house_rules
SELECT version, rules FROM house_rules WHERE vdn = :vdn

-- name: house_rules_of_roles
SELECT h.rules
FROM role AS r JOIN house_rules AS h ON h.vdn = r.vdn
WHERE r.login = :login
ORDER BY r.vdn

-- name: put_house_rules
INSERT INTO house_rules (vdn, version, rules) VALUES (:vdn, :version, :rules)
ON CONFLICT (vdn) DO UPDATE SET version = excluded.version, rules = excluded.rules

-- name: add_deed
INSERT INTO deed (happened_at, by_whom, what, subject, vdn, detail)
VALUES (:happened_at, :by_whom, :what, :subject, :vdn, :detail)

-- name: deeds
SELECT number, happened_at, by_whom, what, subject, vdn, detail
FROM deed
WHERE (happened_at, number) < (:before_at, :before_number)
  AND vdn = :vdn                                                               -- if vdn
  AND (by_whom = :whose OR subject = :whose)                                   -- if whose
ORDER BY happened_at DESC, number DESC
LIMIT :limit
