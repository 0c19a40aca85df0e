-- name: read_devices
-- Every device, by number.
SELECT number, body FROM devices ORDER BY number;

-- name: put_device
-- Write a device, new or known.
INSERT INTO devices (number, body) VALUES (:key, :body)
ON CONFLICT (number) DO UPDATE SET body = excluded.body;

-- name: delete_device
-- Delete a device; one that is not there is fine.
DELETE FROM devices WHERE number = :key;

-- name: read_records
-- Every row of one of the other tables, by key.
SELECT key, body FROM records WHERE kind = :kind ORDER BY key;

-- name: put_record
-- Write a row of another table, new or known.
INSERT INTO records (kind, key, body) VALUES (:kind, :key, :body)
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body;

-- name: delete_record
-- Delete a row of another table; one that is not there is fine.
DELETE FROM records WHERE kind = :kind AND key = :key;
