"""adapters/sql/statements.py: statements by name, migrations by number."""

from pathlib import Path

import pytest

from affinage.adapters.sql.statements import Migration, migrations, named

TEXT = """-- what this file is

-- name: first
-- says what it is for
SELECT 1;

-- name: second
SELECT 2
FROM nowhere;
"""


def test_each_statement_has_its_name() -> None:
    assert named(TEXT) == {
        "first": "-- says what it is for\nSELECT 1;",
        "second": "SELECT 2\nFROM nowhere;",
    }
    assert named("SELECT 1;") == {}


def test_migrations_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("0002_post_drop.sql", "0001_pre_add.sql", "notes.txt", "3_pre_odd.sql"):
        (tmp_path / name).write_text(f"-- {name}")
    assert migrations(tmp_path) == [
        Migration(1, "pre", "add", "-- 0001_pre_add.sql"),
        Migration(2, "post", "drop", "-- 0002_post_drop.sql"),
    ]


def test_a_number_that_is_missing_is_a_mistake_of_ours(tmp_path: Path) -> None:
    for name in ("0001_pre_add.sql", "0003_pre_more.sql"):
        (tmp_path / name).touch()
    with pytest.raises(AssertionError):
        migrations(tmp_path)
