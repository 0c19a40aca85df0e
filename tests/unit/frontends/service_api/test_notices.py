"""frontends/service_api/notices.py."""

from pathlib import Path

from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.uploading import NOTICES, begun, ended, put, url


async def uploaded(hub: Hub, name: str) -> str:
    place = await begun(hub, name)
    await put(hub, place, b"four")
    assert (await ended(hub, place["correlationId"])).status_code == 204
    return url(place)


@looped
async def test_files_are_told_one_by_one_under_locks(tmp_path: Path) -> None:
    """UPLOAD-22, UPLOAD-23"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        assert (await hub.ask("GET", NOTICES)).status_code == 204
        address = await uploaded(hub, "a")
        await uploaded(hub, "b")
        first = await hub.ask("GET", NOTICES)
        told = first.json()
        assert (told["blobName"], told["blobSizeInBytes"], told["blobUri"]) == (
            *("pump-1/a", 4),
            address,
        )
        second = await hub.ask("GET", NOTICES)
        assert second.json()["blobName"] == "pump-1/b"
        assert (await hub.ask("GET", NOTICES)).status_code == 204
        lock = first.headers["etag"].strip('"')
        assert (await hub.ask("DELETE", f"{NOTICES}/{lock}")).status_code == 204
        lock = second.headers["etag"].strip('"')
        assert (await hub.ask("POST", f"{NOTICES}/{lock}/abandon")).status_code == 204
        assert (await hub.ask("GET", NOTICES)).json()["blobName"] == "pump-1/b"


@looped
async def test_a_lock_that_nobody_has_is_lost() -> None:
    """UPLOAD-23"""
    async with running_hub() as hub:
        for method, tail in (("DELETE", ""), ("POST", "/abandon")):
            answer = await hub.ask(method, f"{NOTICES}/none{tail}")
            assert answer.headers["iothub-errorcode"] == "DeviceMessageLockLost"


@looped
async def test_a_failure_is_not_told(tmp_path: Path) -> None:
    """UPLOAD-22"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        await ended(hub, place["correlationId"], well=False)
        assert (await hub.ask("GET", NOTICES)).status_code == 204
