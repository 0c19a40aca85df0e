"""frontends/service_api/bulk.py."""

from typing import Any

import pytest

from affinage.frontends.service_api.bulk import MAX_BULK_BODY
from fakes.hub import running_hub
from fakes.looped import looped


@looped
async def test_a_hundred_devices_are_made_at_once() -> None:
    """SERVICE-40"""
    async with running_hub() as hub:
        entries = [{"id": f"d{number}", "importMode": "create"} for number in range(100)]
        answer = await hub.ask("POST", "/devices/", entries)
        assert (answer.status_code, answer.json()) == (
            200,
            {"isSuccessful": True, "errors": [], "warnings": []},
        )
        assert (await hub.get("/statistics/devices"))["totalDeviceCount"] == 100


@pytest.mark.parametrize(
    ("entries", "status", "name"),
    [
        ([{"id": f"d{number}"} for number in range(101)], 413, "TooManyDevices"),
        ([{"id": "a"}, {"id": "b"}, {"id": "a"}], 400, "DeviceDefinedMultipleTimes"),
        ({"id": "a"}, 400, "IotHubFormatError"),
        ([{"id": "a"}, "b"], 400, "IotHubFormatError"),
        ([{"id": "a"}, {}], 400, "IotHubFormatError"),
    ],
)
@looped
async def test_a_request_that_is_wrong_as_a_whole_does_nothing(
    entries: Any, status: int, name: str
) -> None:
    """SERVICE-16, SERVICE-42, IDENTITY-20"""
    async with running_hub() as hub:
        answer = await hub.ask("POST", "/devices", entries)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (status, name)
        assert await hub.get("/devices") == []


@looped
async def test_entries_that_are_refused_are_told_and_the_others_done() -> None:
    """SERVICE-40, SERVICE-41, IDENTITY-21"""
    async with running_hub() as hub:
        await hub.device("a")
        entries = [
            {"id": "a", "importMode": "create"},
            {"id": "b", "tags": {"x": 1}, "properties": {"desired": {"y": 2}}},
            {"id": "a", "moduleId": "m", "importMode": "delete"},
            {"id": "c", "importMode": "updateTwice"},
        ]
        answer = await hub.ask("POST", "/devices", entries)
        assert answer.status_code == 400
        assert answer.headers["iothub-errorcode"] == "BulkRegistryOperationFailure"
        assert [told(error) for error in answer.json()["errors"]] == [
            ("a", None, 409001, "create"),
            ("a", "m", 404010, "delete"),
            ("c", None, 400006, "updateTwice"),
        ]
        assert (answer.json()["isSuccessful"], answer.json()["warnings"]) == (False, [])
        made = await hub.get("/twins/b")
        assert (made["tags"], made["properties"]["desired"]["$version"]) == ({"x": 1}, 1)


def told(error: dict[str, Any]) -> tuple[str, str | None, int, str]:
    assert error["errorStatus"]
    return error["deviceId"], error["moduleId"], error["errorCode"], error["operation"]


@looped
async def test_an_etag_in_an_entry_guards_it() -> None:
    """SERVICE-41, IDENTITY-22"""
    async with running_hub() as hub:
        etag = (await hub.device("a"))["etag"]
        stale = {"id": "a", "importMode": "deleteIfMatchETag", "eTag": '"c3RhbGU="'}
        answer = await hub.ask("POST", "/devices", [stale])
        assert [told(error) for error in answer.json()["errors"]] == [
            ("a", None, 400023, "deleteIfMatchETag")
        ]
        good = {**stale, "eTag": f'"{etag}"'}
        assert (await hub.ask("POST", "/devices", [good])).json()["isSuccessful"]
        assert await hub.get("/devices") == []


@looped
async def test_a_bulk_request_may_be_longer_than_others() -> None:
    """SERVICE-14"""
    async with running_hub() as hub:
        padding = "x" * (512 * 1024)
        assert (await hub.ask("POST", "/devices", [{"id": "a", "note": padding}])).is_success
        long = "x" * MAX_BULK_BODY
        answer = await hub.ask("POST", "/devices", [{"id": "b", "note": long}])
        assert answer.status_code == 413
        assert f"of {MAX_BULK_BODY} bytes" in answer.json()["Message"]
