"""frontends/native_api/streams.py: an answer without an end, at the pace of its reader."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from affinage.frontends.native_api.streams import Stream
from fakes.looped import looped


class Pieces:
    """So many, and what was asked for of them; `is_closed` once nobody will ask for more."""

    def __init__(self, count: int = 1000) -> None:
        self.asked, self.is_closed, self._count = 0, False, count

    async def each(self) -> AsyncGenerator[bytes, None]:
        try:
            for number in range(self._count):
                self.asked += 1
                yield b"%d" % number
        finally:
            self.is_closed = True


async def never() -> Any:
    await asyncio.Event().wait()


@looped
async def test_pieces_are_sent_one_after_the_other_and_then_the_end() -> None:
    sent = list[Any]()

    async def send(message: Any) -> None:
        sent.append(message)

    pieces = Pieces(2)
    await Stream(pieces.each())({"type": "http"}, never, send)
    assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
    assert [one["body"] for one in sent[1:]] == [b"0", b"1", b""]
    assert [one.get("more_body", False) for one in sent[1:]] == [True, True, False]
    assert pieces.is_closed


@looped
async def test_a_reader_that_takes_nothing_is_cut_and_nothing_is_held_for_it() -> None:
    """EVENT-7"""

    async def stuck(message: Any) -> None:
        if message["type"] == "http.response.body":
            await never()

    pieces = Pieces()
    await Stream(pieces.each(), patience_s=0.001)({"type": "http"}, never, stuck)
    assert (pieces.asked, pieces.is_closed) == (1, True)


@looped
async def test_a_reader_that_leaves_ends_it() -> None:
    """EVENT-7"""
    heard = iter([{"type": "http.request"}, {"type": "http.disconnect"}])
    pieces = Pieces(10**9)

    async def receive() -> Any:
        await asyncio.sleep(0)
        return next(heard)

    async def send(message: Any) -> None:
        await asyncio.sleep(0)

    await Stream(pieces.each())({"type": "http"}, receive, send)
    assert pieces.is_closed


@looped
async def test_what_goes_wrong_while_it_is_made_is_not_hidden() -> None:
    async def torn() -> AsyncGenerator[bytes, None]:
        yield b""
        raise RuntimeError("torn")

    async def send(message: Any) -> None: ...

    with pytest.raises(RuntimeError, match="torn"):
        await Stream(torn())({"type": "http"}, never, send)
