"""frontends/http/waiting.py."""

import asyncio

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from affinage.frontends.http.waiting import while_connected
from fakes.looped import looped


class Client:
    """Says something now and then, and goes when a test lets it."""

    def __init__(self) -> None:
        self.leaves = asyncio.Event()
        self.said = [{"type": "http.request", "body": b"", "more_body": False}]
        self.request = Request({"type": "http"}, self.receive)

    async def receive(self) -> Message:
        if self.said:
            return self.said.pop()
        await self.leaves.wait()
        return {"type": "http.disconnect"}


@looped
async def test_work_is_done_for_who_stays() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await while_connected(Client().request, work()) == "done"


@looped
async def test_what_goes_wrong_is_told_to_who_stays() -> None:
    async def work() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError):
        await while_connected(Client().request, work())


@looped
async def test_work_ends_with_who_wanted_it() -> None:
    """METHOD-15"""
    client, ends = Client(), list[str]()

    async def work() -> None:
        client.leaves.set()
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("cancelled")

    with pytest.raises(ClientDisconnect):
        await while_connected(client.request, work())
    await asyncio.sleep(0)
    assert ends == ["cancelled"]


@looped
async def test_work_ends_with_the_request_too() -> None:
    client, started = Client(), asyncio.Event()

    async def work() -> None:
        started.set()
        await asyncio.Event().wait()

    waiting = asyncio.ensure_future(while_connected(client.request, work()))
    await started.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
