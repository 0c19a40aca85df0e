"""frontends/native_api/devices.py."""

import pytest

from affinage.frontends.native_api.described import PREFIX
from fakes.hub import running_hub
from fakes.looped import looped

RETIRE = f"{PREFIX}/devices/a/retire"


@looped
async def test_a_device_is_retired_and_comes_back() -> None:
    """REPLACE-1, REPLACE-3, REPLACE-4"""
    async with running_hub() as hub:
        await hub.device("a")
        shown = (await hub.ask("POST", RETIRE, {"reason": "scrapped"})).json()
        assert (shown["status"], shown["statusReason"], shown["retiredAt"][:4]) == (
            *("disabled", "scrapped"),
            "2025",
        )
        listed = await hub.get(f"{PREFIX}/retired")
        assert listed == {"rows": [shown], "next": None}
        back = (await hub.ask("POST", RETIRE, {"undo": True})).json()
        assert (back["status"], back["retiredAt"]) == ("enabled", None)
        assert (await hub.ask("POST", RETIRE, {})).json()["statusReason"] == "retired"


@looped
async def test_a_device_takes_anothers_place() -> None:
    """REPLACE-10"""
    async with running_hub() as hub:
        for name in "ab":
            await hub.device(name)
        await hub.patch("/twins/a", {"tags": {"ring": "x"}})
        answer = await hub.ask("POST", f"{PREFIX}/devices/a/replace", {"new": "b"})
        assert answer.json()["new"]["tags"] == {"ring": "x"}
        again = await hub.ask("POST", f"{PREFIX}/devices/a/replace", {"new": "b"})
        assert (again.status_code, again.json()["title"]) == (409, "Cannot replace")


@pytest.mark.parametrize(
    ("path", "body", "title"),
    [
        ("retire", {"reason": 1}, "Malformed"),
        ("retire", {"undo": "yes"}, "Malformed"),
        ("retire", {"reason": "x" * 129}, "Invalid"),
        ("replace", {}, "Missing"),
        ("replace", {"new": 7}, "Malformed"),
        ("replace", {"new": "x"}, "Device not found"),
    ],
)
@looped
async def test_what_cannot_be_is_refused(path: str, body: object, title: str) -> None:
    async with running_hub() as hub:
        await hub.device("a")
        answer = await hub.ask("POST", f"{PREFIX}/devices/a/{path}", body)
        assert answer.json()["title"] == title
