"""frontends/tls/transport.py: who comes in takes turns with everything else."""

import asyncio

from affinage.frontends.tls.transport import FIRST_READS, TlsProtocol
from affinage.frontends.tls.turnstile import Step
from fakes.looped import looped
from fakes.tls import Device, Door, Met, Wire, device_context, hub_context


class Turns:
    """Steps that are made when the test says so, once ``is_waiting``; before, at once."""

    def __init__(self, *, is_waiting: bool = True) -> None:
        self.steps, self.is_waiting = list[Step](), is_waiting

    def enter(self, step: Step, *, has_begun: bool) -> None:
        if self.is_waiting:
            self.steps.append(step)
        else:
            step()

    def next(self) -> None:
        self.steps.pop()()


@looped
async def test_a_handshake_waits_for_its_turn() -> None:
    """TLS-16; what comes in the meantime is taken with it."""
    turns, wire, door = Turns(), Wire(), Door()
    device = Device(device_context())
    tls = TlsProtocol(hub_context(), lambda: door, enter=turns.enter)
    tls.connection_made(wire)
    device.shake_hands()
    hello = device.take()
    tls.data_received(hello[:50])
    tls.data_received(hello[50:])
    assert (len(turns.steps), wire.is_paused, wire.taken()) == (1, True, b"")
    turns.next()
    device.give(wire.taken())
    assert device.shake_hands()
    assert not wire.is_paused
    tls.data_received(device.take())
    turns.next()
    assert door.said == ["made"]


@looped
async def test_a_turn_that_comes_after_the_end_does_nothing() -> None:
    turns, wire, door = Turns(), Wire(), Door()
    device = Device(device_context())
    tls = TlsProtocol(hub_context(), lambda: door, enter=turns.enter)
    tls.connection_made(wire)
    device.shake_hands()
    tls.data_received(device.take())
    wire.abort()
    tls.connection_lost(None)
    turns.next()
    assert door.said == []


@looped
async def test_what_is_said_first_waits_for_its_turn_too() -> None:
    """TLS-16; nothing more is read before."""
    turns = Turns(is_waiting=False)
    met = Met(enter=turns.enter)
    turns.is_waiting = True
    for number in range(FIRST_READS):
        met.says(b"%d" % number)
        assert (len(met.door.heard), met.wire.is_paused) == (number, True)
        turns.next()
        assert (len(met.door.heard), met.wire.is_paused) == (number + 1, False)
    met.says(b"a report")
    assert met.door.heard[-1] == b"a report"
    assert not turns.steps


@looped
async def test_a_turn_does_not_disturb_a_door_that_pauses() -> None:
    """TLS-9, TLS-16."""
    turns = Turns(is_waiting=False)
    met = Met(enter=turns.enter)
    turns.is_waiting = True
    met.says(b"1")
    met.door.transport.pause_reading()
    turns.next()
    assert (met.door.heard, met.wire.is_paused) == ([], True)
    met.door.transport.resume_reading()
    await asyncio.sleep(0)
    assert (met.door.heard, met.wire.is_paused) == ([b"1"], False)
