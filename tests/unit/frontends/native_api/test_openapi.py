"""frontends/native_api/openapi.py"""

import pytest

from affinage.apps.openapi import documents
from fakes.hub import running_hub
from fakes.looped import looped


@pytest.mark.parametrize("door", [*documents()])
@looped
async def test_each_door_is_told(door: str) -> None:
    """NATIVE-50"""
    async with running_hub() as hub:
        answer = await hub.ask("GET", f"/affinage/v1/openapi/{door}", policy="registryRead")
        assert (answer.status_code, answer.json()["openapi"]) == (200, "3.1.0")
        known = {"If-None-Match": answer.headers["etag"]}
        again = await hub.ask("GET", f"/affinage/v1/openapi/{door}", headers=known)
        assert again.status_code == 304


@looped
async def test_another_door_there_is_not() -> None:
    async with running_hub() as hub:
        answer = await hub.ask("GET", "/affinage/v1/openapi/back")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no door back: there are " + ", ".join(documents())
