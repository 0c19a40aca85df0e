-- One row a device: its number, and everything about it as one body.
CREATE TABLE devices (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- Every other row: the table of the port, the key in it, the body.
CREATE TABLE records (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
