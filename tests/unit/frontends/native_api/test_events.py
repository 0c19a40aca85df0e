"""frontends/native_api/events.py: pages of events, and streams of them."""

import asyncio
import json
from typing import Any

import pytest

from affinage.frontends.native_api import events
from affinage.frontends.native_api.app import create_app
from affinage.frontends.native_api.described import PREFIX
from fakes.hub import Hub, running_hub
from fakes.life import itself, key_of
from fakes.looped import looped

EVENTS = f"{PREFIX}/events"


async def send(hub: Hub, payload: bytes = b"hot") -> None:
    await hub.native.events.send(key_of("d"), {"$.ct": "application/json"}, payload, by=itself("d"))


class Reader:
    """Who follows a stream, over ASGI itself: the client of the fakes reads whole answers only."""

    def __init__(self, hub: Hub, query: str = "", **headers: str) -> None:
        self.pieces: list[str] = []
        self.status, self._gone = 0, asyncio.Event()
        given = {"authorization": hub.token("service"), **headers}
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": f"{EVENTS}/stream",
            "raw_path": f"{EVENTS}/stream".encode(),
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), text.encode()) for name, text in given.items()
            ],
            "scheme": "https",
            "server": ("hub.test", 443),
        }
        app = create_app(hub.native)
        self.reading = asyncio.ensure_future(app(self._scope, self._receive, self._send))

    def leave(self) -> None:
        self._gone.set()

    async def rest(self) -> list[str]:
        """What has come when nothing more does."""
        for _ in range(100):
            await asyncio.sleep(0)
        return self.pieces

    async def _receive(self) -> Any:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        if text := message.get("body", b"").decode():
            self.pieces += [piece for piece in text.split("\n\n") if piece]


def ids(pieces: list[str]) -> list[str]:
    return [piece.split("\n")[0] for piece in pieces if piece.startswith("id: ")]


@looped
async def test_events_come_page_by_page() -> None:
    """EVENT-6"""
    async with running_hub() as hub:
        await send(hub, b'{"t": 21}')
        page = await hub.get(EVENTS, params={"limit": "1"})
        assert [event["change"] for event in page["events"]] == ["started"]
        page = await hub.get(EVENTS, params={"after": str(page["next"])})
        assert (page["events"][0]["body"], page["next"], page["lost"]) == ({"t": 21}, 2, 0)
        assert (await hub.get(EVENTS, params={"after": "latest"}))["next"] == 2
        found = await hub.get(EVENTS, params={"kind": "telemetry", "device": "e"})
        assert found == {"events": [], "next": 2, "oldest": 1, "lost": 0}


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"after": "x"}, "malformed"),
        ({"after": "-1"}, "malformed"),
        ({"after": "9" * 30}, "malformed"),
        ({"after": "9"}, "invalid"),
        ({"kind": "news"}, "invalid"),
        ({"limit": "many"}, "malformed"),
    ],
)
@looped
async def test_what_cannot_be_asked_for_is_refused(params: dict[str, str], problem: str) -> None:
    """EVENT-6"""
    async with running_hub() as hub:
        for path in (EVENTS, f"{EVENTS}/stream"):
            answer = await hub.ask("GET", path, params=params)
            assert answer.json()["type"] == f"urn:affinage:problem:{problem}"


@looped
async def test_a_stream_has_what_was_and_what_comes() -> None:
    """EVENT-7"""
    async with running_hub() as hub:
        await send(hub)
        reader = Reader(hub)
        assert (await reader.rest())[0] == "retry: 2000"
        await send(hub, b'{"a":\n1}')
        assert ids(await reader.rest()) == ["id: 1", "id: 2", "id: 3"]
        id_line, kind, told = reader.pieces[-1].split("\n")
        assert (id_line, kind) == ("id: 3", "event: telemetry")
        assert json.loads(told.removeprefix("data: "))["body"] == {"a": 1}
        reader.leave()
        await reader.reading
        assert (reader.status, hub.native.streams) == (200, set())


@looped
async def test_a_stream_goes_on_behind_the_last_event_that_came() -> None:
    """EVENT-7"""
    async with running_hub() as hub:
        for _ in range(3):
            await send(hub)
        reader = Reader(hub, "after=0&kind=telemetry", last_event_id="2")
        assert ids(await reader.rest()) == ["id: 3", "id: 4"]
        reader.leave()
        await reader.reading


@looped
async def test_a_stream_in_which_nothing_comes_says_that_it_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EVENT-7"""
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.001)
    async with running_hub() as hub:
        reader = Reader(hub, "after=latest")
        for _ in range(10_000):
            if (await reader.rest()).count(": still here") > 2:
                break
        assert reader.pieces.count(": still here") > 2
        reader.leave()
        await reader.reading


@looped
async def test_a_stream_tells_what_is_lost() -> None:
    """EVENT-7, EVENT-14"""
    async with running_hub() as hub:
        for _ in range(4):
            await send(hub)
        await hub.native.events._store.prune(max_bytes=100, before=0)
        reader = Reader(hub, "after=1")
        lost = (await reader.rest())[1]
        assert lost.split("\n")[0] == "event: lost"
        reader.leave()
        await reader.reading


@looped
async def test_a_stream_ends_with_the_hub_with_its_time_and_with_its_policys_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EVENT-7"""
    async with running_hub() as hub:
        rotated = Reader(hub)
        await rotated.rest()
        await hub.ask("POST", f"{PREFIX}/policies/service/keys/regenerate", {"key": "primary"})
        await send(hub)
        await rotated.reading
        aged = Reader(hub)
        await aged.rest()
        hub.clock.advance(events.STREAM_S)
        await send(hub)
        await aged.reading
        stopped = Reader(hub)
        await stopped.rest()
        hub.native.events.end()
        await stopped.reading
        assert hub.native.streams == set()


@looped
async def test_there_are_so_many_streams_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    """EVENT-7"""
    monkeypatch.setattr(events, "MAX_STREAMS", 1)
    async with running_hub() as hub:
        reader = Reader(hub)
        await reader.rest()
        answer = await hub.ask("GET", f"{EVENTS}/stream")
        assert (answer.status_code, answer.json()["title"]) == (429, "Throttled")
        reader.leave()
        await reader.reading
