"""What a collection admits."""

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.check import check
from affinage.domain.query.parse import parse_query


def refusal(text: str) -> str:
    with pytest.raises(QuerySyntaxError) as raised:
        parse_query(text)
    return f"{raised.value.problem} at {text[raised.value.at :][:8]}"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT TOP 5 * FROM devices.jobs WHERE status = 'failed' AND devices.jobs.deviceId = 'a'",
        "SELECT * FROM devices.jobs",
        "SELECT a, COUNT() FROM devices GROUP BY a, b",
        "SELECT COUNT(), AVG(a) FROM devices.modules",
        "SELECT a FROM devices GROUP BY a",
        "SELECT a, a.b FROM devices WHERE tags.c",
    ],
)
def test_these_are_admitted(text: str) -> None:
    """QUERY-36, QUERY-37."""
    check(parse_query(text), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT deviceId FROM devices.jobs", "*: devices.jobs gives whole rows only at deviceId"),
        ("SELECT COUNT() FROM devices.jobs", "*: devices.jobs gives whole rows only at COUNT() "),
        (
            "SELECT * FROM devices.jobs GROUP BY a",
            "the end of the query: devices.jobs cannot be grouped at GROUP BY",
        ),
        (
            "SELECT * FROM devices.jobs WHERE jobId = 'a' AND tags.x = 1",
            "a member of a job: tags is a twin's at tags.x =",
        ),
        (
            "SELECT * FROM devices.jobs WHERE GROUP('a')",
            "no group: it selects twins, not jobs at GROUP('a",
        ),
    ],
)
def test_jobs_are_whole_rows_without_a_twin(text: str, expected: str) -> None:
    """QUERY-36."""
    assert refusal(text) == f"expected {expected}"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(), a FROM devices",
        "SELECT COUNT(), a FROM devices GROUP BY a.b",
        "SELECT b, a FROM devices GROUP BY b",
    ],
)
def test_beside_an_aggregate_a_column_is_grouped_by(text: str) -> None:
    """QUERY-37."""
    place = text[text.index("a FROM") :][:8]
    assert refusal(text) == f"expected a column that GROUP BY names, or an aggregate at {place}"


def test_whole_rows_cannot_be_grouped() -> None:
    """QUERY-38."""
    text = "SELECT * FROM devices GROUP BY a"
    assert refusal(text) == "expected columns: SELECT * cannot be grouped at GROUP BY"
