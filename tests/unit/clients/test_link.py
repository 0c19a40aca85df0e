"""One MQTT connection of a client: what is particular to it below what devices say."""

import asyncio
import ssl
from collections.abc import Callable

import pytest

from affinage.clients.link import CONNACK, SUBACK, Link
from affinage.clients.trust import trust
from affinage.domain.errors import Unavailable
from affinage.protocol.mqtt.packets import (
    Connack,
    Connect,
    Pingreq,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from affinage.protocol.topics import TwinGet
from fakes.authority import HOST, authority
from fakes.looped import looped
from fakes.mqtt_hub import FakeHub, fake_hub


async def dialled(
    hub: FakeHub, lost: list[str], on_publish: Callable[[Publish], bool] = lambda _: True
) -> Link:
    link = Link("pump-1", on_publish=on_publish, on_lost=lambda: lost.append("lost"))
    context = trust(authority().ca_file)
    await link.dial("127.0.0.1", hub.port, host=HOST, context=context, timeout_s=5)
    return link


@looped
async def test_a_link_that_was_never_made_is_closed_already() -> None:
    link = Link("pump-1", on_publish=lambda _: True, on_lost=lambda: None)
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
        await hub.until(lambda: not hub.all_doors)
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


@looped
async def test_a_refusal_to_connect_is_an_answer_like_any_other() -> None:
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        hub.connack = 3
        greeting = Connect("pump-1", f"{HOST}/pump-1", b"no token")
        answer = await link.ask(CONNACK, greeting, timeout_s=5)
        assert answer == Connack(session_present=False, code=3)
        await link.close()


@looped
async def test_publishes_are_told_and_acknowledged_where_they_ask_for_it_and_are_taken() -> None:
    told: list[Publish] = []

    def take(publish: Publish) -> bool:
        told.append(publish)
        return publish.packet_id != 6

    async with fake_hub() as hub:
        link = await dialled(hub, [], take)
        answer = await link.ask(SUBACK, Subscribe(1, (("a/#", 1),)), timeout_s=5)
        assert answer == Suback(1, (0,))
        said = [Publish("a", qos=1, packet_id=6), Publish("a", qos=1, packet_id=7), Publish("b")]
        (door,) = hub.all_doors
        for publish in said:
            door.send(publish)
        await hub.until(lambda: hub.acknowledged == [7])
        assert told == said
        await link.close()


@looped
async def test_packet_ids_go_round_and_pass_over_those_in_use() -> None:
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        hub.is_mute = True
        async with asyncio.TaskGroup() as group:
            first = [group.create_task(link.publish("a", b"", timeout_s=5)) for _ in range(2)]
            await hub.until(lambda: len(hub.heard) == len(first))
            link.answer("puback 2", Puback(2))
            link._packet_id = 65_535  # 65 533 publishes later
            third = group.create_task(link.publish("a", b"", timeout_s=5))
            await hub.until(lambda: len(hub.heard) == len(first) + 1)
            link.answer("puback 1", Puback(1))
            link.answer("puback 2", Puback(2))
            await third
        assert [packet.packet_id for packet in hub.heard if isinstance(packet, Publish)] == [
            1,
            2,
            2,
        ]
        await link.close()


@looped
async def test_no_more_is_published_than_there_are_packet_ids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("affinage.clients.link._PACKET_IDS", 1)
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        hub.is_mute = True
        first = asyncio.ensure_future(link.publish("a", b"", timeout_s=5))
        await hub.until(lambda: len(hub.heard) == 1)
        with pytest.raises(Unavailable, match="pump-1: the hub acknowledges nothing"):
            await link.publish("a", b"", timeout_s=5)
        link.answer("puback 1", Puback(1))
        await first
        await link.close()


@looped
async def test_nobody_answers_at_a_wrong_port() -> None:
    async with fake_hub() as hub:
        pass
    with pytest.raises(Unavailable, match="pump-1 cannot reach"):
        await dialled(hub, [])


@looped
async def test_a_hub_that_cannot_prove_its_name_is_not_believed() -> None:
    link = Link("pump-1", on_publish=lambda _: True, on_lost=lambda: None)
    async with fake_hub() as hub:
        with pytest.raises(ssl.SSLCertVerificationError):
            await link.dial(
                "127.0.0.1",
                hub.port,
                host="cellar.test",
                context=trust(authority().ca_file),
                timeout_s=5,
            )


@looped
async def test_an_answer_that_does_not_come_in_time_is_none() -> None:
    async with fake_hub() as hub:
        link = await dialled(hub, [])
        hub.is_mute = True
        with pytest.raises(Unavailable, match=r"pump-1: no answer within 0\.01 s"):
            await link.ask("7", Publish(TwinGet("7").topic), timeout_s=0.01)
        await link.close()
