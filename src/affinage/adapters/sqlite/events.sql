-- name: schema
-- One row an event; AUTOINCREMENT: an offset is never given again.
CREATE TABLE IF NOT EXISTS events (
    offset INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    device TEXT NOT NULL,
    body   BLOB NOT NULL
) STRICT;

-- name: append
-- Keep an event.
INSERT INTO events (at, kind, device, body) VALUES (?, ?, ?, ?);

-- name: oldest
-- The first offset that is kept.
SELECT min(offset) FROM events;

-- name: newest
-- The greatest offset that was ever given.
SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'events';

-- name: read
-- Events in a window, in order.
SELECT offset, body FROM events
WHERE offset > :after AND offset <= :until
    AND (:kind IS NULL OR kind = :kind) AND (:device IS NULL OR device = :device)
ORDER BY offset LIMIT :limit;

-- name: first
-- The oldest events, as far as pruning looks at them.
SELECT offset, at, length(body) FROM events ORDER BY offset LIMIT :limit;

-- name: prune
-- Forget the oldest, up to one.
DELETE FROM events WHERE offset <= :offset;
