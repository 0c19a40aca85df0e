"""frontends/mqtt/connection.py: who is hung up on, when one is not read, and what is left then."""

from structlog.testing import capture_logs

from affinage.domain.composing import MAX_SIZE
from affinage.domain.errors import Unavailable
from affinage.domain.method import MAX_PAYLOAD
from affinage.frontends.mqtt.connection import (
    MAX_OUTSTANDING,
    MAX_OUTSTANDING_BYTES,
    MAX_UNREAD,
)
from affinage.protocol.mqtt.packets import (
    Disconnect,
    Pingreq,
    Pingresp,
    Puback,
    Publish,
    encode,
)
from affinage.services.messages import MAX_HELD
from affinage.services.methods import MAX_CALLS
from fakes.looped import looped
from fakes.mqtt_asking import patch
from fakes.mqtt_door import a_door, hello

DESIRED = "$iothub/twin/PATCH/properties/desired/#"


@looped
async def test_who_does_not_say_who_it_is_is_closed_however_it_dawdles() -> None:
    """MQTT-9."""
    async with a_door() as door:
        client, words = door.call(), encode(hello())
        for at in range(3):
            client.connection.data_received(words[at : at + 1])
            assert not client.wire.is_closed
            door.timer.advance(7)
        assert client.wire.is_closed


@looped
async def test_who_is_silent_for_too_long_is_closed() -> None:
    """MQTT-8."""
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.timer.advance(29)
        await client.send(Pingreq())
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_silence_does_not_count_while_the_hub_does_not_listen() -> None:
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.twins.gate.shut()
        await client.send(*(patch(str(n), {}) for n in range(MAX_OUTSTANDING)))
        door.timer.advance(290)
        door.twins.gate.open()
        await client.received()
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(2)
        assert client.wire.is_closed


@looped
async def test_who_spoke_while_the_hub_stood_still_is_heard_first() -> None:
    """MQTT-8."""
    async with a_door() as door:
        client = await door.connected(keep_alive_s=20)
        door.clock.advance(300)  # a machine that is paused rings late
        door.timer.advance(0)
        assert not client.wire.is_closed
        await client.send(Pingreq())
        door.timer.advance(29)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_a_connection_ends_ten_minutes_after_its_token() -> None:
    """MQTT-19."""
    async with a_door() as door:
        door.access.expires_at_s = int(door.clock.now().timestamp()) + 100
        client = await door.connected(keep_alive_s=0)
        door.timer.advance(699)
        assert not client.wire.is_closed
        door.timer.advance(1)
        assert client.wire.is_closed


@looped
async def test_a_connection_with_too_many_requests_is_not_read() -> None:
    """MQTT-44."""
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        await client.send(*(patch(str(n), {}) for n in range(MAX_OUTSTANDING - 1)))
        assert not client.wire.is_paused
        await client.send(patch("last", {}))
        assert client.wire.is_paused
        door.twins.gate.open()
        assert len(await client.received()) == MAX_OUTSTANDING
        assert not client.wire.is_paused


@looped
async def test_a_connection_with_too_much_in_its_requests_is_not_read() -> None:
    """MQTT-44."""
    async with a_door() as door:
        client = await door.connected()
        door.telemetry.gate.shut()
        topic, half = "devices/pump-1/messages/events/", bytes(MAX_OUTSTANDING_BYTES // 2)
        assert not await client.send(Publish(topic, half, 1, 1))
        assert not client.wire.is_paused
        assert not await client.send(Publish(topic, half, 1, 2))
        assert client.wire.is_paused
        door.telemetry.gate.open()
        assert await client.received() == [Puback(1), Puback(2)]
        assert not client.wire.is_paused


@looped
async def test_a_client_that_does_not_read_is_cut() -> None:
    """MQTT-45."""
    async with a_door() as door:
        client = await door.connected(DESIRED)
        client.wire.unread_bytes = MAX_UNREAD + 1
        door.sessions.tell({"fw": "2"}, 2)
        assert client.wire.is_aborted
        door.sessions.tell({"fw": "3"}, 3)


def test_who_is_slow_may_be_given_all_that_it_may_have_at_a_time() -> None:
    """MQTT-45: a device on a thin line would be cut for methods that others call."""
    assert MAX_CALLS * MAX_PAYLOAD + MAX_HELD * MAX_SIZE < MAX_UNREAD


@looped
async def test_a_client_that_breaks_the_protocol_is_closed() -> None:
    """MQTT-6, MQTT-7."""
    async with a_door() as door:
        client = await door.connected()
        assert await client.send(Pingreq(), Publish("a", b"", 2, 1)) == [Pingresp()]
        assert client.wire.is_closed
        client.drop()
        await client.received()
        assert not door.sessions.connections


@looped
async def test_a_closed_connection_that_lingers_is_cut() -> None:
    async with a_door() as door:
        client = await door.connected()
        client.connection.close("the hub stops")
        door.timer.advance(9)
        assert not client.wire.is_aborted
        door.timer.advance(1)
        assert client.wire.is_aborted


@looped
async def test_who_says_goodbye_is_gone_and_leaves_nothing_behind() -> None:
    async with a_door() as door:
        door.access.expires_at_s = 2**40
        client = await door.connected()
        await client.send(Disconnect())
        client.drop()
        await client.received()
        assert not door.sessions.connections
        assert not door.timer.alarms


@looped
async def test_how_each_connection_ended_is_logged_once() -> None:
    async with a_door() as door:
        lost, gone, stranger = await door.connected(), await door.connected(), door.call()
        with capture_logs() as lines:
            lost.drop()  # which the newer one has taken over
            await gone.send(Disconnect())
            gone.drop()
            stranger.drop()
            (await door.connected()).drop()
    told = [(line["event"], line.get("device")) for line in lines]
    ends = [("connection closed", "pump-1"), ("connected", "pump-1"), ("connection lost", "pump-1")]
    assert told == ends


@looped
async def test_nothing_is_written_to_a_wire_that_broke_unnoticed() -> None:
    async with a_door() as door:
        client = await door.connected(DESIRED)
        client.wire.is_closed = True
        door.sessions.tell({"fw": "2"}, 2)
        assert not await client.received()


@looped
async def test_what_comes_after_the_end_is_not_done() -> None:
    async with a_door() as door:
        client = await door.connected()
        client.connection.close("the hub stops")
        assert not await client.send(patch("a", {"n": 1}))
        assert door.twins.version == 1


@looped
async def test_an_answer_that_comes_after_the_end_is_not_sent() -> None:
    async with a_door() as door:
        client = await door.connected()
        door.twins.gate.shut()
        await client.send(patch("a", {}, 1))
        client.drop()
        door.twins.gate.open()
        assert not await client.received()
        assert door.twins.version == 2


@looped
async def test_a_goodbye_that_cannot_be_stored_harms_nobody() -> None:
    async with a_door() as door:
        client = await door.connected()
        door.sessions.gate.failure = Unavailable("the commit failed")
        with capture_logs() as lines:
            client.drop()
            await client.received()
        assert [(line["event"], line.get("what")) for line in lines][-1] == ("refused", "goodbye")
