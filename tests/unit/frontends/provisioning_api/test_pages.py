"""Pages: what was asked for, and how to ask for the next one."""

from typing import Any

import pytest

from fakes.hub import running_hub
from fakes.looped import looped
from fakes.provisioned import SYMMETRIC


@looped
async def test_pages_go_on_where_the_one_before_ended() -> None:
    """PROV-24"""
    async with running_hub() as hub:
        for name in ("c", "a", "b"):
            await hub.put(f"/enrollments/{name}", {"attestation": SYMMETRIC})
        query = {"query": "SELECT * FROM Enrollments"}
        two = {"x-ms-max-item-count": "2"}
        first = await hub.ask("POST", "/enrollments/query", query, headers=two)
        assert [one["registrationId"] for one in first.json()] == ["a", "b"]
        assert first.headers["x-ms-max-item-count"] == "2"
        behind = {"x-ms-continuation": first.headers["x-ms-continuation"]}
        any_number = {**behind, "x-ms-max-item-count": "-1"}
        last = await hub.ask("POST", "/enrollments/query", query, headers=any_number)
        assert [one["registrationId"] for one in last.json()] == ["c"]
        assert "x-ms-continuation" not in last.headers


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({}, "1"),
        ({"query": 7}, "1"),
        ({"query": "SELECT * FROM devices"}, "1"),
        ({"query": "SELECT * FROM enrollmentGroups"}, "1"),
        ({"query": "SELECT *"}, "0"),
        ({"query": "SELECT *"}, "x"),
        ({"query": "SELECT *"}, "9" * 19),
    ],
)
@looped
async def test_anything_else_is_refused(body: Any, size: str) -> None:
    """PROV-24"""
    async with running_hub() as hub:
        headers = {"x-ms-max-item-count": size}
        refused = await hub.ask("POST", "/enrollments/query", body, headers=headers)
        assert refused.status_code == 400
