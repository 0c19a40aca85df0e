"""One MQTT connection of a client: what is particular to it below what devices say."""

import asyncio

import pytest

from affinage.clients.link import CONNACK, Link
from affinage.clients.trust import trust
from affinage.domain.errors import Unavailable
from affinage.protocol.mqtt.packets import Connack, Connect, Pingreq, Publish
from affinage.protocol.topics import TwinGet
from fakes.authority import HOST, authority
from fakes.looped import looped
from fakes.mqtt_hub import FakeHub, fake_hub


async def dialled(hub: FakeHub, lost: list[str]) -> Link:
    link = Link("pump-1", on_publish=lambda _: None, on_lost=lambda: lost.append("lost"))
    context = trust(authority().ca_file)
    await link.dial("127.0.0.1", hub.port, host=HOST, context=context, timeout_s=5)
    return link


@looped
async def test_a_link_that_was_never_made_is_closed_already() -> None:
    link = Link("pump-1", on_publish=lambda _: None, on_lost=lambda: None)
    assert not link.is_open
    link.abort()
    await link.close()
    with pytest.raises(Unavailable, match="pump-1 is not connected"):
        link.send(Pingreq())


@looped
async def test_pings_keep_a_link_as_long_as_the_hub_answers_and_no_longer() -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        link = await dialled(hub, lost)
        link.keep_alive(0.01)
        await hub.until(lambda: hub.heard == [Pingreq()] * 3)
        assert link.is_open
        hub.is_mute = True
        await hub.until(lambda: hub.doors_open == 0)
        assert not link.is_open
        await link.close()
        assert lost == ["lost"]


@looped
async def test_bytes_that_are_no_packet_end_the_link() -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        link = await dialled(hub, lost)
        hub.garbage = b"\xf0\x00"
        with pytest.raises(Unavailable, match="lost its connection"):
            await link.ask(CONNACK, Connect("pump-1"), timeout_s=5)
        assert lost == ["lost"]


@looped
async def test_an_answer_for_nobody_is_passed_over() -> None:
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        link.answer("7", Connack(session_present=False, code=0))
        assert link.is_open
        await link.close()


@looped
async def test_an_answer_that_comes_too_late_is_passed_over() -> None:
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        hub.is_mute = True
        asking = asyncio.ensure_future(link.ask("7", Publish(TwinGet("7").topic), timeout_s=20))
        await hub.until(lambda: len(hub.heard) == 1)
        asking.cancel()
        link.answer("7", Connack(session_present=False, code=0))
        with pytest.raises(asyncio.CancelledError):
            await asking
        await link.close()
