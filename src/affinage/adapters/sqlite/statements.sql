-- name: append
-- Append one commit to the journal.
INSERT INTO journal (rows, body) VALUES (:rows, :body);

-- name: journal_length
-- How many rows and bytes are not folded.
SELECT ifnull(sum(rows), 0), ifnull(sum(length(body)), 0) FROM journal;

-- name: read_journal
-- Every commit that is not folded, in order.
SELECT seq, rows, body FROM journal ORDER BY seq;

-- name: journal_end
-- The number of the last commit.
SELECT ifnull(max(seq), 0) FROM journal;

-- name: next_commit
-- The first commit after a number.
SELECT seq, rows, body FROM journal WHERE seq > :seq ORDER BY seq LIMIT 1;

-- name: trim_journal
-- Forget the oldest commits, up to one.
DELETE FROM journal WHERE seq <= :seq;

-- name: read_devices
-- Every device, by number.
SELECT number, body FROM devices ORDER BY number;

-- name: put_devices
-- Write thirty-two devices, new or known: one step for all of them.
REPLACE INTO devices (number, body) VALUES
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
    (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?);

-- name: put_device
-- Write a device, new or known.
REPLACE INTO devices (number, body) VALUES (?, ?);

-- name: delete_device
-- Delete a device; one that is not there is fine.
DELETE FROM devices WHERE number = ?;

-- name: read_records
-- Every row of one of the other tables, by key.
SELECT key, body FROM records WHERE kind = :kind ORDER BY key;

-- name: last_records
-- The last rows of one of the other tables below a key, the greatest key first.
SELECT key, body FROM records WHERE kind = :kind AND key < :below ORDER BY key DESC LIMIT :limit;

-- name: put_record
-- Write a row of another table, new or known.
REPLACE INTO records (kind, key, body) VALUES (?, ?, ?);

-- name: delete_record
-- Delete a row of another table; one that is not there is fine.
DELETE FROM records WHERE kind = ? AND key = ?;
