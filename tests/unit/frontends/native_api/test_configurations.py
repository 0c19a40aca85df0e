"""frontends/native_api/configurations.py."""

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped

ALL = f"{PREFIX}/configurations"
BODY = {
    "targetCondition": "*",
    "priority": 5,
    "content": {"deviceContent": {"properties.desired.rate": 1}},
}


@looped
async def test_a_configuration_is_made_shown_changed_and_deleted_with_its_warnings() -> None:
    """NATIVE-30, CONFIGURATION-40"""
    async with running_hub() as hub:
        await hub.device("a")
        high = await hub.put(f"{ALL}/high", {**BODY, "priority": 9})
        assert high["warnings"] == []
        made = await hub.ask("PUT", f"{ALL}/low", BODY)
        assert made.headers["etag"] == f'"{made.json()["etag"]}"'
        (told,) = made.json()["warnings"]
        assert told.startswith("configuration high of priority 9 writes properties.desired.rate")
        changed = await hub.put(f"{ALL}/low", {**BODY, "priority": 10}, etag="*")
        assert changed["warnings"] == []
        assert len((await hub.get(f"{ALL}/high"))["warnings"]) == 1
        assert (await hub.ask("PUT", f"{ALL}/low", BODY)).status_code == 409
        assert (await hub.ask("DELETE", f"{ALL}/low")).status_code == 204
        assert (await hub.ask("GET", f"{ALL}/low")).status_code == 404


@looped
async def test_configurations_come_in_pages_by_label() -> None:
    """NATIVE-31, CONFIGURATION-41"""
    async with running_hub() as hub:
        for name, wave in (("c", "pilot"), ("a", "pilot"), ("b", "early"), ("d", None)):
            labels = {"wave": wave} if wave else None
            await hub.put(f"{ALL}/{name}", {**BODY, "labels": labels})
        pilot = {"label": "wave=pilot", "limit": "1"}
        first = await hub.get(ALL, params=pilot)
        assert ([one["id"] for one in first["rows"]], first["next"]) == (["a"], "a")
        last = await hub.get(ALL, params={**pilot, "after": "a"})
        assert ([one["id"] for one in last["rows"]], last["next"]) == (["c"], None)
        found = await hub.get(ALL, params={"groupBy": "label:wave"})
        rows = [(row["value"], row["configurations"]) for row in found["groups"]]
        assert [one["id"] for one in found["rows"]] == ["a", "b", "c", "d"]
        assert rows == [("early", ["b"]), ("pilot", ["a", "c"]), (None, ["d"])]


@looped
async def test_a_page_that_cannot_be_is_refused() -> None:
    async with running_hub() as hub:
        for asked in ({"limit": "0"}, {"groupBy": "wave"}, {"label": "=x"}):
            answer = await hub.ask("GET", ALL, params=asked)
            assert (answer.status_code, answer.json()["title"]) == (400, "Invalid"), asked
