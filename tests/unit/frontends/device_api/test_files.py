"""frontends/device_api/files.py."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from fakes.device_requests import asked
from fakes.hub import HOST, running_hub
from fakes.looped import looped
from fakes.uploading import begun, ended, put


@looped
async def test_a_device_is_told_where_its_file_belongs(tmp_path: Path) -> None:
    """UPLOAD-2, UPLOAD-3"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub, "logs/a b.txt")
        assert (place["hostName"], place["containerName"]) == (HOST, "uploads")
        assert place["blobName"] == "pump-1/logs/a b.txt"
        query = parse_qs(place["sasToken"].removeprefix("?"))
        assert {*query} == {"sv", "sr", "sp", "se", "si", "sig"}
        assert (query["si"], query["se"]) == ([place["correlationId"]], ["2025-01-01T01:00:00Z"])
        older = await asked(hub, "GET", "~/files/logs/a%20b%2Fc.txt")
        assert older.json()["blobName"] == "pump-1/logs/a b/c.txt"


@looped
async def test_a_hub_without_a_folder_takes_no_files() -> None:
    """UPLOAD-1"""
    async with running_hub() as hub:
        await hub.device()
        answer = await asked(hub, "POST", "~/files", json={"blobName": "x"})
        assert answer.status_code == 400
        assert answer.headers["iothub-errorcode"] == "DefaultStorageEndpointNotConfigured"


@pytest.mark.parametrize("in_path", [False, True])
@looped
async def test_a_file_is_said_to_be_there_once(in_path: bool, tmp_path: Path) -> None:
    """UPLOAD-20, UPLOAD-21"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        assert (await put(hub, place, b"x")).status_code == 201
        tail = f"/{place['correlationId']}" if in_path else ""
        said = {"isSuccess": True} | ({} if in_path else {"correlationId": place["correlationId"]})
        path = f"~/files/notifications{tail}"
        assert (await asked(hub, "POST", path, json=said)).status_code == 204
        answer = await asked(hub, "POST", path, json=said)
        assert answer.headers["iothub-errorcode"] == "InvalidFileUploadCorrelationId"
        assert (await put(hub, place, b"x")).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("", {}, "ArgumentNull"),
        ("", {"blobName": 1}, "IotHubFormatError"),
        ("", {"blobName": "../x"}, "ArgumentInvalid"),
        ("/notifications", {"isSuccess": True}, "ArgumentNull"),
        ("/notifications", {"correlationId": 1, "isSuccess": True}, "ArgumentNull"),
        ("/notifications", {"correlationId": "x", "isSuccess": "yes"}, "ArgumentNull"),
        ("/notifications/x", {"isSuccess": 1}, "ArgumentNull"),
        ("/notifications/x", {"isSuccess": False}, "InvalidFileUploadCorrelationId"),
    ],
)
@looped
async def test_what_is_wrong_is_told(path: str, body: Any, name: str, tmp_path: Path) -> None:
    """UPLOAD-21"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        answer = await asked(hub, "POST", f"~/files{path}", json=body)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, name)


@looped
async def test_an_upload_is_its_devices_own(tmp_path: Path) -> None:
    """UPLOAD-5"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        await hub.device("pump-2")
        await hub.put("/devices/pump-1/modules/valve", {})
        place = await begun(hub)
        assert (await ended(hub, place["correlationId"], by="pump-2")).status_code == 400
        module = "/devices/pump-1/modules/valve/files"
        answer = await asked(hub, "POST", module, by="pump-1/valve", json={"blobName": "x"})
        assert answer.status_code == 404


@looped
async def test_a_success_without_a_blob_is_none(tmp_path: Path) -> None:
    """UPLOAD-21"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        upload = (await begun(hub))["correlationId"]
        answer = await ended(hub, upload)
        assert answer.headers["iothub-errorcode"] == "InvalidStorageEndpointOrBlob"
        assert (await ended(hub, upload, well=False)).status_code == 204


@looped
async def test_an_upload_is_open_for_an_hour(tmp_path: Path) -> None:
    """UPLOAD-4, UPLOAD-21"""
    async with running_hub(files=tmp_path) as hub:
        await hub.device()
        place = await begun(hub)
        hub.clock.advance(3600)
        assert (await put(hub, place, b"x")).status_code == 401
        answer = await ended(hub, place["correlationId"])
        assert answer.headers["iothub-errorcode"] == "ExpiredFileUploadCorrelationId"
