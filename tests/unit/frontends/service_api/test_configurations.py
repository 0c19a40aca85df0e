"""frontends/service_api/configurations.py."""

from typing import Any, Final

import pytest

from fakes.hub import running_hub
from fakes.looped import looped

CONTENT: Final = {"deviceContent": {"properties.desired.rate": 5}}


def asked(**members: Any) -> dict[str, Any]:
    return {"id": "c-1", "content": CONTENT, "targetCondition": "tags.site = 'Lyon'", **members}


@looped
async def test_a_put_creates_once_whatever_etag_its_body_has() -> None:
    """SERVICE-13, SERVICE-73"""
    async with running_hub() as hub:
        first = await hub.ask("PUT", "/configurations/c-1", asked(etag="*"))
        again = await hub.ask("PUT", "/configurations/c-1", asked(etag="*"))
        assert (first.status_code, again.status_code) == (200, 409)
        assert again.headers["iothub-errorcode"] == "ConfigurationAlreadyExists"


@looped
async def test_a_configuration_is_shown_whole() -> None:
    """SERVICE-70, CONFIGURATION-20"""
    async with running_hub() as hub:
        made = await hub.ask("PUT", "/configurations/c-1", asked(labels={"wave": "1"}, priority=7))
        shown = await hub.ask("GET", "/configurations/c-1")
        assert shown.headers["etag"] == made.headers["etag"] == '"MQ=="'
        assert set(shown.json()) == {
            *("id", "schemaVersion", "labels", "content", "targetCondition", "priority", "etag"),
            *("metrics", "systemMetrics", "createdTimeUtc", "lastUpdatedTimeUtc"),
        }
        assert shown.json()["content"] == CONTENT
        assert all({"results", "queries"} == set(shown.json()[of]) for of in METRICS)


METRICS: Final = ("metrics", "systemMetrics")


@looped
async def test_the_same_content_may_be_sent_again_and_no_other() -> None:
    """SERVICE-73"""
    async with running_hub() as hub:
        first = await hub.put("/configurations/c-1", asked())
        same = await hub.put("/configurations/c-1", {**first, "priority": 3}, etag=first["etag"])
        assert (same["etag"], same["priority"]) == ("Mg==", 3)
        other = {**same, "content": {"deviceContent": {"properties.desired.rate": 6}}}
        answer = await hub.ask("PUT", "/configurations/c-1", other, etag="*")
        assert answer.headers["iothub-errorcode"] == "CannotModifyImmutableConfigurationContent"
        stale = await hub.ask("PUT", "/configurations/c-1", same, etag='"MQ=="')
        assert stale.status_code == 412


@pytest.mark.parametrize(
    ("members", "name"),
    [
        ({"targetCondition": "tags.a ="}, "InvalidConfigurationTargetCondition"),
        ({"content": {"deviceContent": {"tags.a": 1}}}, "InvalidConfigurationContent"),
        ({"metrics": {"queries": {"m": "select"}}}, "InvalidConfigurationCustomMetricsQuery"),
        ({"priority": -1}, "ArgumentInvalid"),
        ({"priority": "high"}, "IotHubFormatError"),
        ({"id": "c-2"}, "ArgumentInvalid"),
    ],
)
@looped
async def test_what_is_wrong_is_told_by_its_name(members: dict[str, Any], name: str) -> None:
    """SERVICE-73"""
    async with running_hub() as hub:
        answer = await hub.ask("PUT", "/configurations/c-1", asked(**members))
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (400, name)
        assert await hub.get("/configurations") == []


@looped
async def test_an_id_that_no_configuration_has_is_refused_or_not_found() -> None:
    """SERVICE-2, SERVICE-73, IDENTITY-24"""
    async with running_hub() as hub:
        for name in ("C-1", "a%20b", "a%2Fb", "a.b"):
            answer = await hub.ask("PUT", f"/configurations/{name}", {"content": CONTENT})
            assert answer.headers["iothub-errorcode"] == "ArgumentInvalid"
        for method in ("GET", "DELETE"):
            answer = await hub.ask(method, "/configurations/c-1")
            assert answer.headers["iothub-errorcode"] == "ConfigurationNotFound"
        changed = await hub.ask("PUT", "/configurations/c-1", asked(), etag="*")
        assert (changed.status_code, changed.content != b"") == (404, True)


@looped
async def test_a_configuration_is_deleted_on_its_etag() -> None:
    """SERVICE-70"""
    async with running_hub() as hub:
        await hub.put("/configurations/c-1", asked())
        stale = await hub.ask("DELETE", "/configurations/c-1", etag='"Mg=="')
        assert (stale.status_code, stale.headers["iothub-errorcode"]) == (412, "PreconditionFailed")
        gone = await hub.ask("DELETE", "/configurations/c-1", etag='"MQ=="')
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await hub.ask("GET", "/configurations/c-1")).status_code == 404


@pytest.mark.parametrize(("top", "names"), [("", "bac"), ("2", "ba"), ("0", "bac"), ("500", "bac")])
@looped
async def test_configurations_are_listed_oldest_first(top: str, names: str) -> None:
    """SERVICE-71"""
    async with running_hub() as hub:
        for name in "bac":
            await hub.put(f"/configurations/{name}", {"targetCondition": "*"})
            hub.clock.advance(1)
        listed = await hub.ask("GET", "/configurations/", params={"top": top})
        assert [one["id"] for one in listed.json()] == [*names]
        assert "etag" not in listed.headers


@looped
async def test_texts_are_tried_without_being_kept() -> None:
    """SERVICE-72, CONFIGURATION-16"""
    async with running_hub() as hub:
        body = {
            "targetCondition": "tags.a =",
            "customMetricQueries": {"good": "select * from devices"},
        }
        answer = await hub.ask("POST", "/configurations/testQueries", body)
        assert answer.status_code == 200
        assert "expected" in answer.json()["targetConditionError"]
        assert answer.json()["customMetricQueryErrors"] == {}
        good = await hub.ask("POST", "/Configurations/TestQueries/", {"targetCondition": "*"})
        assert good.json() == {"targetConditionError": None, "customMetricQueryErrors": {}}


@looped
async def test_counts_are_those_of_the_queries_that_are_shown() -> None:
    async with running_hub() as hub:
        await hub.device("a")
        await hub.patch("/twins/a", {"tags": {"site": "Lyon"}})
        await hub.put(
            "/configurations/c-1", asked(metrics={"queries": {"all": "select * from devices"}})
        )
        await hub.sweeps.finished()
        hub.clock.advance(1)
        shown = await hub.get("/configurations/c-1")
        assert shown["systemMetrics"]["results"] == {"targetedCount": 1, "appliedCount": 1}
        for of in METRICS:
            for name, text in shown[of]["queries"].items():
                rows = (await hub.query(text)).json()
                assert len(rows) == shown[of]["results"][name]
        assert (await hub.get("/twins/a"))["configurations"] == {"c-1": {"status": "Applied"}}


@looped
async def test_configurations_are_read_with_either_right_and_written_with_one() -> None:
    """ACCESS-5"""
    async with running_hub() as hub:
        await hub.put("/configurations/c-1", asked(), policy="registryReadWrite")
        for policy in ("service", "registryRead"):
            await hub.get("/configurations/c-1", policy=policy)
            answer = await hub.ask("DELETE", "/configurations/c-1", policy=policy)
            assert answer.headers["iothub-errorcode"] == "IotHubUnauthorizedAccess"


@looped
async def test_the_higher_priority_wins_and_leaving_brings_back_the_lower() -> None:
    """SERVICE-50: a PATCH answers with what the configurations in force make of it."""
    async with running_hub() as hub:
        await hub.device("a")
        low = {"deviceContent": {"properties.desired.rate": 1, "properties.desired.mode": "eco"}}
        await hub.put("/configurations/low", {"content": low, "targetCondition": "*"})
        await hub.put("/configurations/high", asked(id="high", priority=10))
        await hub.sweeps.finished()
        assert desired(await hub.get("/twins/a")) == {"rate": 1, "mode": "eco"}
        there = await hub.patch("/twins/a", {"tags": {"site": "Lyon"}})
        assert desired(there) == {"rate": 5, "mode": "eco"}
        assert {*there["configurations"]} == {"low", "high"}
        gone = await hub.patch("/twins/a", {"tags": {"site": None}})
        assert desired(gone) == {"rate": 1, "mode": "eco"}
        assert {*gone["configurations"]} == {"low"}


@looped
async def test_a_module_configuration_reaches_modules() -> None:
    async with running_hub() as hub:
        await hub.device("a")
        await hub.put("/devices/a/modules/valve", {})
        await hub.put("/devices/a/modules/motor", {})
        body = {
            "content": {"moduleContent": {"properties.desired.rate": 5}},
            "targetCondition": "FROM devices.modules WHERE moduleId = 'valve'",
        }
        await hub.put("/configurations/modules", body)
        await hub.sweeps.finished()
        assert desired(await hub.get("/twins/a/modules/valve")) == {"rate": 5}
        assert desired(await hub.get("/twins/a/modules/motor")) == {}


def desired(twin: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = twin["properties"]["desired"]
    return {name: value for name, value in values.items() if not name.startswith("$")}
