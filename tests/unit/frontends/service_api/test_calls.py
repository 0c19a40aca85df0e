"""frontends/service_api/calls.py."""

import pytest

from fakes.hub import running_hub
from fakes.looped import looped


@pytest.mark.parametrize("name", ["a%2Fb", "a%2fb", "%FF", "a%20b", "%C3%A4", "%0A", "x" * 129])
@looped
async def test_a_name_that_no_id_can_be_is_refused(name: str) -> None:
    """SERVICE-2, IDENTITY-1"""
    async with running_hub() as hub:
        await hub.device("a")
        for path in (f"/devices/{name}", f"/twins/a/modules/{name}", f"/twins/{name}"):
            answer = await hub.ask("GET", path)
            assert answer.status_code == 400, path
            assert answer.headers["iothub-errorcode"] == "ArgumentInvalid"


@looped
async def test_a_module_is_named_with_or_without_percent_signs() -> None:
    """SERVICE-1"""
    async with running_hub() as hub:
        await hub.device("gate", capabilities={"iotEdge": True})
        raw = await hub.get("/devices/gate/modules/$edgeAgent")
        assert await hub.get("/devices/gate/modules/%24edgeAgent") == raw
        assert raw["moduleId"] == "$edgeAgent"
