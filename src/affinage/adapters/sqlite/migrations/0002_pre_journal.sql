-- What was committed and is not folded into the other tables yet: one row a commit.
CREATE TABLE journal (
    seq  INTEGER PRIMARY KEY,
    rows INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
