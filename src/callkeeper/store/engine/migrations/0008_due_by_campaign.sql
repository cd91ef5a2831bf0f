-- What waits to be looked at, campaign by campaign, so that one with a backlog hides no other.
CREATE INDEX reservation_awaited ON reservation (vdn, campaign_id, look_at, appoint_at)
WHERE kind = 'automatic' AND look_at IS NOT NULL;
