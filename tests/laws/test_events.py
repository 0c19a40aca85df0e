"""No acknowledged message is lost, whatever fails, and offsets only grow."""

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from affinage.adapters.sqlite.events import SqliteEvents
from affinage.domain.errors import Unavailable
from affinage.services.events import RETRY_S, Events
from fakes.life import OWNER, Life, itself, key_of, living

STEPS = st.lists(st.sampled_from(["send", "send", "fail", "mend", "kill", "stop"]), max_size=15)


async def live(folder: Path, steps: list[str], life: Life, acknowledged: list[str]) -> list[Any]:
    """One life, to its stop or kill; the offsets and bodies that the feed then has."""
    async with living(life) as now:
        store = SqliteEvents(folder / "events.db")
        events = Events(now.fleet, store, now.clock)
        running = asyncio.ensure_future(events.run())
        await events.open()
        for number, step in enumerate(steps):
            if step == "send":
                text = f"{len(acknowledged)} {number}"
                sent = events.send(key_of("d"), {}, text.encode(), by=itself("d"))
                while not sent.done():
                    await asyncio.to_thread(int)
                    life.clock.advance(RETRY_S)
                with suppress(Unavailable):
                    sent.result()
                    acknowledged.append(text)
            elif step in ("fail", "mend"):
                store._connection.pragma("query_only", int(step == "fail"))
        store._connection.pragma("query_only", 0)
        running.cancel()
        await asyncio.wait([running])
        if steps[-1:] != ["kill"]:
            await events.close()
        else:
            await store.close()
    return await kept(folder, life)


async def kept(folder: Path, life: Life) -> list[Any]:
    store = SqliteEvents(folder / "events.db")
    page = await Events(life.fleet, store, life.clock).page(0, limit=1000, by=OWNER)
    await store.close()
    return [(event["offset"], event.get("body")) for event in page.events]


@given(STEPS)
def test_no_acknowledged_message_is_lost_and_offsets_only_grow(steps: list[str]) -> None:
    """EVENT-8, EVENT-14"""

    async def lived(folder: Path) -> None:
        acknowledged, known, life = list[str](), list[Any](), Life()
        cut = [index + 1 for index, step in enumerate(steps) if step in ("kill", "stop")]
        for start, end in zip([0, *cut], [*cut, len(steps)], strict=True):
            now = await live(folder, steps[start:end], life, acknowledged)
            assert now[: len(known)] == known
            assert [offset for offset, _ in now] == [*range(1, len(now) + 1)]
            assert [body for _, body in now if body in acknowledged] == acknowledged
            known = now

    with TemporaryDirectory() as folder:
        asyncio.run(lived(Path(folder)))
