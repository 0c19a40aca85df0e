"""What every place that is told events does: `ports.sinks.Sink`."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import nats
import pytest

from affinage.adapters.http.sink import HttpSink
from affinage.adapters.memory.sink import MemorySink
from affinage.adapters.nats.sink import NatsSink
from affinage.domain.errors import TooLarge
from affinage.domain.values import JsonObject
from affinage.ports.sinks import Sink
from affinage.testing.waiting import PATIENCE_S
from fakes.looped import looped
from fakes.nats_server import nats_server

MOST: Final = 2 * 1024 * 1024
Told = Callable[[int], Awaitable[list[JsonObject]]]
"""What the place has been told so far: so many events."""


def event(offset: int, body: str = "") -> JsonObject:
    return {"offset": offset, "kind": "telemetry", "deviceId": "käse", "body": body}


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[tuple[Sink, Told]]:
    sink = MemorySink(most=100)

    async def told(_: int) -> list[JsonObject]:
        return sink.told

    yield sink, told


@asynccontextmanager
async def http(_: Path) -> AsyncIterator[tuple[Sink, Told]]:
    kept: list[JsonObject] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if len(request.content) > MOST:
            return httpx.Response(413)
        kept.extend(json.loads(request.content))
        return httpx.Response(204)

    async def told(_: int) -> list[JsonObject]:
        return kept

    yield HttpSink("there", "https://a.test/", transport=httpx.MockTransport(answer)), told


@asynccontextmanager
async def subjects(folder: Path, *, has_stream: bool) -> AsyncIterator[tuple[Sink, Told]]:
    with nats_server(folder) as server:
        client = await nats.connect(server.url)
        if has_stream:
            await client.jetstream().add_stream(name="S", subjects=["of.>"])
        heard = await client.subscribe("of.>")
        await client.flush()
        kept: list[JsonObject] = []

        async def told(count: int) -> list[JsonObject]:
            while len(kept) < count:  # the server passes on what it has read a moment later
                kept.append(json.loads((await heard.next_msg(timeout=PATIENCE_S)).data))
            return kept

        yield (
            NatsSink(
                "there",
                server.url,
                subject=lambda one: f"of.{one['offset']}",
                hub="hub.test",
                has_stream=has_stream,
            ),
            told,
        )
        await client.close()


Place = Callable[[Path], AbstractAsyncContextManager[tuple[Sink, Told]]]

PLACES: Final[dict[str, Place]] = {
    "memory": memory,
    "http": http,
    "nats": lambda path: subjects(path, has_stream=False),
    "jetstream": lambda path: subjects(path, has_stream=True),
}


@pytest.mark.parametrize("name", PLACES)
@looped
async def test_what_is_sent_is_there_in_its_order_when_it_returns(
    name: str, tmp_path: Path
) -> None:
    """FORWARD-1"""
    async with PLACES[name](tmp_path) as (sink, told):
        sent = [event(number) for number in range(100)]
        await sink.send(sent)
        assert await told(100) == sent
        await sink.send([event(100)])
        assert (await told(101))[100:] == [event(100)]
        await sink.close()


@pytest.mark.parametrize("name", PLACES)
@looped
async def test_what_is_too_much_is_said_to_be(name: str, tmp_path: Path) -> None:
    """FORWARD-7"""
    async with PLACES[name](tmp_path) as (sink, told):
        much = (
            [event(number) for number in range(101)] if name == "memory" else [event(0, "x" * MOST)]
        )
        with pytest.raises(TooLarge):
            await sink.send(much)
        assert await told(0) == []
        await sink.send([event(1)])
        assert await told(1) == [event(1)]
        await sink.close()
