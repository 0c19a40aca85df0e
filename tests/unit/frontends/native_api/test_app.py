"""frontends/native_api/app.py: every path, and that none opens for a stranger."""

from collections.abc import Iterator

import pytest
from starlette.routing import Route

from affinage.frontends.native_api.app import OPERATIONS, create_app
from affinage.frontends.native_api.described import PREFIX
from fakes.hub import Hub, running_hub
from fakes.looped import looped


def operations(hub: Hub) -> Iterator[tuple[str, str]]:
    """Each method and path that the app has, as the app itself says."""
    for route in create_app(hub.native).routes:
        assert isinstance(route, Route)
        assert route.methods
        yield from ((method, route.path) for method in sorted(route.methods))


@looped
async def test_the_walk_misses_no_operation() -> None:
    async with running_hub() as hub:
        walked = {*operations(hub)}
    told = {(method, f"{PREFIX}{path}") for path, found in OPERATIONS.items() for method in found}
    assert walked == told


@pytest.mark.parametrize("authorization", ["", "SharedAccessSignature sr=a&sig=AA%3D&se=9&skn=b"])
@looped
async def test_no_operation_opens_for_a_stranger(authorization: str) -> None:
    """NATIVE-1"""
    async with running_hub() as hub:
        for method, path in [*operations(hub), ("GET", f"{PREFIX}/nowhere")]:
            answer = await hub.ask(method, path, headers={"Authorization": authorization})
            assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized"), path


@looped
async def test_no_operation_opens_for_a_policy_without_rights() -> None:
    """NATIVE-12"""
    async with running_hub() as hub:
        for method, path in operations(hub):
            body: object = None if method == "GET" else {}
            named = path.replace("{", "").replace("}", "")  # which an id may not have
            answer = await hub.ask(method, named, body, policy="device")
            assert (answer.status_code, answer.json()["title"]) == (401, "Forbidden"), path


@looped
async def test_no_version_is_asked_for() -> None:
    """NATIVE-1"""
    async with running_hub() as hub:
        path = f"{PREFIX}/configurations/one/metrics"
        answer = await hub.ask("GET", path, params={"api-version": ""})
        assert answer.json()["type"] == "urn:affinage:problem:configuration_not_found"


@looped
async def test_paths_are_read_as_those_of_the_other_door() -> None:
    """NATIVE-2"""
    async with running_hub() as hub:
        await hub.put("/configurations/one", {"targetCondition": "*"})
        for path in (
            "/Affinage/V1/Configurations/one/metrics/",
            f"{PREFIX}/configurations/%6fne/metrics",
        ):
            assert (await hub.ask("GET", path)).status_code == 200
        wrong = await hub.ask("GET", f"{PREFIX}/configurations/o%2Fne/metrics")
        assert (wrong.status_code, wrong.json()["title"]) == (400, "Invalid")


@looped
async def test_what_is_not_there_is_said_as_a_problem() -> None:
    """NATIVE-3"""
    async with running_hub() as hub:
        for method, path, status in (
            ("GET", f"{PREFIX}/nowhere", 404),
            ("GET", PREFIX, 404),
            ("PUT", f"{PREFIX}/configurations/one/metrics", 405),
        ):
            answer = await hub.ask(method, path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
