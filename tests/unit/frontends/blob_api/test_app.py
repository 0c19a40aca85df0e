"""frontends/blob_api/app.py."""

from pathlib import Path

import pytest

from fakes.hub import running_hub
from fakes.looped import looped
from fakes.uploading import begun, put, url


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@looped
async def test_a_url_is_worth_something_for_one_blob_alone(tmp_path: Path) -> None:
    """UPLOAD-10, UPLOAD-15"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place, other = await begun(hub), await begun(hub, "other")
        good = place["sasToken"]
        for blob, query in (
            (other["blobName"], good),
            ("pump-1/%FF", good),
            (place["blobName"], other["sasToken"]),
            (place["blobName"], good.replace("sig=", "sig=A")),
            (place["blobName"], ""),
        ):
            wrong = {**place, "blobName": blob, "sasToken": query}
            answer = await put(hub, wrong, b"x")
            assert (answer.status_code, "<Code>AuthenticationFailed</Code>" in answer.text) == (
                *(401,),
                True,
            )
        assert names(tmp_path) == [".open"]


@looped
async def test_a_url_is_worth_nothing_while_its_device_is_disabled(tmp_path: Path) -> None:
    """UPLOAD-10"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        await hub.put("/devices/pump-1", {"status": "disabled"}, etag="*")
        assert (await put(hub, place, b"x")).status_code == 403
        await hub.ask("DELETE", "/devices/pump-1")
        await hub.device()
        assert (await put(hub, place, b"x")).status_code == 401


@looped
async def test_the_signature_is_in_no_line_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """UPLOAD-10"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        await put(hub, place, b"x")
        await put(hub, {**place, "blobName": "pump-1/no"}, b"x")
    told = "".join(capsys.readouterr())
    assert "route=/uploads/{blob} status=201" in told
    assert "sig=" not in told
    assert place["sasToken"].rpartition("=")[2] not in told


@looped
async def test_a_blob_is_only_written(tmp_path: Path) -> None:
    """UPLOAD-10"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        answer = await hub.client.get(url(place) + place["sasToken"])
        assert (answer.status_code, answer.headers["allow"]) == (405, "PUT")
