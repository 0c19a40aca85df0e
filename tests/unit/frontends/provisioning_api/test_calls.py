"""A request, as the operations see it."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import Invalid
from affinage.frontends.provisioning_api.calls import Call
from fakes.life import OWNER


def call(path: str, name: str = "a") -> Call:
    scope = {"type": "http", "raw_path": path.encode(), "path_params": {"id": name}, "headers": []}
    return Call(Request(scope), OWNER)


def test_groups_are_told_from_individual_enrollments_by_their_path() -> None:
    """PROV-21"""
    assert [call(path).of_groups for path in ("/enrollmentGROUPS/a", "/enrollments/a")] == [
        True,
        False,
    ]


def test_a_name_is_decoded_once() -> None:
    """PROV-1"""
    assert call("/", "a%3Ab").name == "a:b"
    with pytest.raises(Invalid):
        _ = call("/", "a%2Fb").name
