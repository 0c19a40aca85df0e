"""frontends/device_api/calls.py and app.py."""

import pytest

from affinage.frontends.device_api.app import OPERATIONS
from fakes.device_requests import asked
from fakes.hub import running_hub
from fakes.looped import looped


@looped
async def test_a_path_that_there_is_not_is_told_to_who_may_come_in() -> None:
    """DEVICE-5"""
    async with running_hub() as hub:
        await hub.device()
        answer = await asked(hub, "GET", "~/messages/none")
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (404, "GenericNotFound")
        answer = await asked(hub, "PUT", "~/messages/events")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", OPERATIONS)
def test_every_path_names_whose_it_is(path: str) -> None:
    """DEVICE-1"""
    assert path.startswith(("/devices/{id}/", "/twins/{id}/"))
