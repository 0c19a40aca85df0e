"""frontends/native_api/groups.py."""

from typing import Any

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import Hub, running_hub
from fakes.looped import looped

EARLY = f"{PREFIX}/groups/early"
CONDITION = "tags.ring = 'a'"


async def furnished(hub: Hub) -> Any:
    """Two devices in a group."""
    for name in "ab":
        await hub.device(name)
        await hub.patch(f"/twins/{name}", {"tags": {"ring": "a"}})
    return await hub.put(EARLY, {"condition": CONDITION, "description": "Who goes first."})


@looped
async def test_a_group_is_made_shown_changed_and_deleted() -> None:
    """GROUP-8, GROUP-9"""
    async with running_hub() as hub:
        made = await furnished(hub)
        shown = await hub.ask("GET", EARLY)
        assert (shown.json(), shown.headers["etag"]) == (made, f'"{made["etag"]}"')
        assert (made["condition"], made["count"]) == (CONDITION, 2)
        changed = await hub.put(EARLY, {"condition": "*"}, etag=f'"{made["etag"]}"')
        assert (changed["condition"], changed["description"]) == ("*", "")
        late = await hub.ask("PUT", EARLY, {"condition": "*"}, etag=f'"{made["etag"]}"')
        assert (late.status_code, late.json()["title"]) == (412, "Etag mismatch")
        gone = await hub.ask("DELETE", EARLY)
        assert (gone.status_code, gone.content) == (204, b"")
        assert (await hub.ask("GET", EARLY)).json()["title"] == "Group not found"


@looped
async def test_groups_and_their_members_come_in_pages() -> None:
    """GROUP-9, GROUP-10, NATIVE-6"""
    async with running_hub() as hub:
        await furnished(hub)
        await hub.put(f"{PREFIX}/groups/late", {"condition": "NOT GROUP('early')"})
        first = await hub.get(f"{PREFIX}/groups", params={"limit": "1"})
        assert ([one["name"] for one in first["rows"]], first["next"]) == (["early"], "early")
        assert first["rows"][0]["namedBy"] == {"configurations": [], "groups": ["late"]}
        page = await hub.get(f"{EARLY}/members", params={"limit": "1"})
        assert [row["deviceId"] for row in page["rows"]] == ["a"]
        rest = await hub.get(f"{EARLY}/members", params={"after": page["next"]})
        assert ([row["deviceId"] for row in rest["rows"]], rest["next"]) == (["b"], None)


@looped
async def test_what_is_named_is_in_use() -> None:
    """GROUP-7: and the service API asks for groups like this one."""
    async with running_hub() as hub:
        await furnished(hub)
        await hub.put("/configurations/one", {"targetCondition": "GROUP('early')"})
        answer = await hub.ask("DELETE", EARLY)
        assert (answer.status_code, answer.json()["type"]) == (
            409,
            "urn:affinage:problem:group_in_use",
        )
        rows = (await hub.query("SELECT deviceId FROM devices WHERE GROUP('early')")).json()
        assert rows == [{"deviceId": "a"}, {"deviceId": "b"}]
        unknown = await hub.query("SELECT * FROM devices WHERE GROUP('nobody')")
        assert (unknown.status_code, unknown.headers["iothub-errorcode"]) == (
            400,
            "ArgumentInvalid",
        )
