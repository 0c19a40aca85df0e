"""A request, as the operations see it."""

from starlette.requests import Request

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
