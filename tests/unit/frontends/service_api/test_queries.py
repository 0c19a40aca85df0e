"""frontends/service_api/queries.py."""

import asyncio
from typing import Final

import pytest

from fakes.hub import API_VERSION, Hub, running_hub
from fakes.looped import looped

ALL = "SELECT deviceId FROM devices"


async def fleet_of(hub: Hub, count: int) -> None:
    for number in range(count):
        await hub.device(f"d{number:03}")


@looped
async def test_pages_end_without_a_continuation() -> None:
    """SERVICE-63"""
    async with running_hub() as hub:
        await fleet_of(hub, 4)
        first = await hub.query(ALL, x_ms_max_item_count="2")
        token = first.headers["x-ms-continuation"]
        second = await hub.query(ALL, x_ms_max_item_count="2", x_ms_continuation=token)
        found = [row["deviceId"] for row in first.json() + second.json()]
        assert found == ["d000", "d001", "d002", "d003"]
        assert "x-ms-continuation" not in second.headers


@looped
async def test_a_page_is_not_shifted_by_devices_that_come_meanwhile() -> None:
    """SERVICE-63"""
    async with running_hub() as hub:
        await fleet_of(hub, 3)
        first = await hub.query(ALL, x_ms_max_item_count="2")
        await hub.device("a-new-one")
        token = first.headers["x-ms-continuation"]
        second = await hub.query(ALL, x_ms_max_item_count="2", x_ms_continuation=token)
        assert second.json() == [{"deviceId": "d002"}]


@pytest.mark.parametrize(
    ("text", "item_type"),
    [
        ("SELECT * FROM devices", "Twin"),
        ("SELECT * FROM devices.modules", "Twin"),
        (ALL, "Raw"),
        ("SELECT COUNT() AS n FROM devices", "Raw"),
        ("SELECT * FROM devices.jobs", "DeviceJob"),
    ],
)
@looped
async def test_every_answer_says_what_its_items_are(text: str, item_type: str) -> None:
    """SERVICE-61"""
    async with running_hub() as hub:
        answer = await hub.query(text)
        assert (answer.status_code, answer.headers["x-ms-item-type"]) == (200, item_type)
        assert answer.json() == ([{"n": 0}] if "COUNT" in text else [])


@pytest.mark.parametrize(
    ("asked", "given"), [("1", 1), ("100", 100), ("", 100), ("-1", 100), ("5000", 103)]
)
@looped
async def test_a_page_has_as_many_rows_as_are_wanted(asked: str, given: int) -> None:
    """SERVICE-62"""
    async with running_hub() as hub:
        entries = [{"id": f"d{number:03}"} for number in range(103)]
        for part in (entries[:100], entries[100:]):
            assert (await hub.ask("POST", "/devices", part)).status_code == 200
        assert len((await hub.query(ALL, x_ms_max_item_count=asked)).json()) == given


@pytest.mark.parametrize("size", ["0", "-2", "ten", "1.5"])
@looped
async def test_an_impossible_page_is_refused(size: str) -> None:
    """SERVICE-62"""
    async with running_hub() as hub:
        assert (await hub.query(ALL, x_ms_max_item_count=size)).status_code == 400


@pytest.mark.parametrize("body", [{}, {"query": None}, {"query": ""}])
@looped
async def test_a_query_without_a_text_is_refused(body: object) -> None:
    """SERVICE-60"""
    async with running_hub() as hub:
        answer = await hub.ask("POST", "/devices/query", body)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, "ArgumentNull")


@pytest.mark.parametrize("body", [{"query": 7}, [ALL], ALL])
@looped
async def test_a_query_of_another_type_is_refused(body: object) -> None:
    """SERVICE-16, SERVICE-60"""
    async with running_hub() as hub:
        answer = await hub.ask("POST", "/devices/query", body)
        assert answer.headers["iothub-errorcode"] == "IotHubFormatError"


@looped
async def test_what_is_no_query_is_shown_its_place() -> None:
    async with running_hub() as hub:
        answer = await hub.query("SELECT * FROM devices WHERE tags.a =")
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")
        assert answer.json()["Message"].endswith("^")


@pytest.mark.parametrize("token", ["rubbish", "bm9uZQ==", "¿"])
@looped
async def test_a_continuation_that_is_none_is_refused(token: str) -> None:
    """SERVICE-63"""
    async with running_hub() as hub:
        await fleet_of(hub, 3)
        headers = {b"Authorization": hub.token().encode(), b"x-ms-continuation": token.encode()}
        path = f"/devices/query?api-version={API_VERSION}"
        answer = await hub.client.post(path, headers=headers, json={"query": ALL})
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, "ArgumentInvalid")


@looped
async def test_a_path_first_asked_for_during_a_commit_is_told_of_it() -> None:
    """Such a row was once missing from every later answer: its bitmap had entered the old value."""
    disk = asyncio.Event()
    disk.set()

    async def sync() -> None:
        await disk.wait()

    async with running_hub(sync) as hub, asyncio.TaskGroup() as tasks:
        await hub.device("a")
        await hub.patch("/twins/a", {"tags": {"x": 1}})
        disk.clear()
        written = tasks.create_task(hub.patch("/twins/a", {"tags": {"x": 2}}))
        await turns(20)
        assert (await hub.query(f"{ALL} WHERE tags.x = 1")).json() == [{"deviceId": "a"}]
        await turns(20)
        disk.set()
        await written
        assert (await hub.query(f"{ALL} WHERE tags.x = 2")).json() == [{"deviceId": "a"}]
        assert (await hub.query("SELECT COUNT() AS n FROM devices WHERE tags.x = 1")).json() == [
            {"n": 0}
        ]


async def turns(count: int) -> None:
    """Let whatever can go on without the disk do so."""
    for _ in range(count):
        await asyncio.sleep(0)


CLIENTS_ASK: Final = (
    "select * from devices",
    "SELECT * FROM devices WHERE capabilities.iotEdge = true",
    "select * from devices.modules where devices.deviceId = 'pump-017'",
    "select * from devices.modules where devices.deviceId = 'gw-1'"
    " and (moduleId = '$edgeAgent' or moduleId = '$edgeHub')",
    "SELECT deviceId, lastActivityTime FROM devices WHERE deviceId IN ['a','b']",
    "SELECT * FROM devices WHERE startswith(devices.deviceId,'pump') AND status = 'enabled'",
    "SELECT properties.reported.fw.state AS state, COUNT() AS n FROM devices"
    " GROUP BY properties.reported.fw.state",
    "select deviceId from devices where configurations.[[pump-baseline]].status = 'Applied'",
    "SELECT * FROM devices WHERE modelId = 'dtmi:example:Pump;1'",
    "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'set-rate-2025'",
    "SELECT * FROM devices WHERE tags.x NIN ['a','b'] OR NOT IS_DEFINED(tags.x)",
    "SELECT COUNT() AS totalNumberOfDevices FROM devices",
)


@pytest.mark.parametrize("text", CLIENTS_ASK)
@looped
async def test_what_clients_ask_is_answered(text: str) -> None:
    async with running_hub() as hub:
        await hub.device("gw-1", capabilities={"iotEdge": True})
        answer = await hub.query(text)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-ms-item-type"] in ("Twin", "Raw", "DeviceJob")


@looped
async def test_a_group_is_a_row() -> None:
    """SERVICE-61"""
    async with running_hub() as hub:
        for name, site in (("a", "Lyon"), ("b", "Oslo"), ("c", "Lyon"), ("d", None)):
            await hub.device(name)
            await hub.patch(f"/twins/{name}", {"tags": {"site": site}})
        text = "SELECT tags.site AS site, COUNT() AS n FROM devices GROUP BY tags.site"
        rows = (await hub.query(text)).json()
        assert sorted(rows, key=lambda row: row.get("site", "")) == [
            {"n": 1},
            {"site": "Lyon", "n": 2},
            {"site": "Oslo", "n": 1},
        ]
        others = await hub.query(f"{ALL} WHERE NOT tags.site = 'Lyon'")
        assert others.json() == [{"deviceId": "b"}]
