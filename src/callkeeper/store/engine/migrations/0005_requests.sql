-- The signed request that an event comes from, so that its replay is known: see decision 0012.
ALTER TABLE event ADD COLUMN request TEXT;
-- Other requests name what they are about, and are found in its history. Those that begin something
-- do not: only of them, which are few, there is an index.
CREATE UNIQUE INDEX event_begun ON event (vdn, request) WHERE version = 1 AND request IS NOT NULL;
