"""adapters/sqlite/journal.py: commits as bodies, and what they come to over a table."""

from affinage.adapters.sqlite import journal
from affinage.ports.store import Row, Table


def newest(*commits: list[Row]) -> journal.Newest:
    found: journal.Newest = {}
    for rows in commits:
        journal.add(found, journal.encode(rows))
    return found


def test_the_newest_row_of_a_key_is_kept() -> None:
    first = [Row(Table.DEVICES, 1, b"a"), Row(Table.PRESENCE, "1", b"b")]
    then = [Row(Table.DEVICES, 1, None), Row(Table.DEVICES, 2, b"")]
    assert newest(first, then) == {
        (Table.DEVICES, 1): None,
        (Table.PRESENCE, "1"): b"b",
        (Table.DEVICES, 2): b"",
    }


def test_the_journal_is_laid_over_a_table_in_the_order_of_keys() -> None:
    over = [
        Row(Table.DEVICES, 9, b"last"),
        Row(Table.DEVICES, 1, b"first"),
        Row(Table.DEVICES, 4, b"new"),
        Row(Table.DEVICES, 3, None),
        Row(Table.DEVICES, 8, None),
        Row(Table.PRESENCE, "4", b"another table's"),
    ]
    table = [(2, b"old"), (3, b"old"), (4, b"old"), (5, b"old")]
    assert list(journal.laid_over(table, newest(over), Table.DEVICES)) == [
        (1, b"first"),
        (2, b"old"),
        (4, b"new"),
        (5, b"old"),
        (9, b"last"),
    ]
