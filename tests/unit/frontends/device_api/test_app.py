"""frontends/device_api/app.py."""

import pytest

from fakes.device_requests import BOUND, EVENTS, asked
from fakes.hub import running_hub
from fakes.looped import looped


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", BOUND, 204),
        ("GET", f"{BOUND}?api-version=anything", 204),
        ("GET", BOUND.upper(), 204),
        ("GET", EVENTS, 405),
        ("PUT", "/files", 405),
        ("POST", f"{EVENTS}/more", 404),
    ],
)
@looped
async def test_each_path_has_its_operations(method: str, path: str, status: int) -> None:
    """DEVICE-3, DEVICE-5"""
    async with running_hub() as hub:
        await hub.device()
        answer = await asked(hub, method, f"~{path}")
        assert answer.status_code == status
        assert ("iothub-errorcode" in answer.headers) is (status >= 400)
