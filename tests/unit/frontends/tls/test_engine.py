"""frontends/tls/engine.py, and the context that it is made with (frontends/tls/context.py)."""

import ssl
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from affinage.frontends.tls.engine import CHUNK, Engine, TlsError
from fakes.tls import (
    V12,
    V13,
    Device,
    certificates,
    ders,
    device_context,
    hub_context,
    self_signed,
)

VERSIONS = pytest.mark.parametrize("version", [V12, V13])


def met(device: Device) -> Engine:
    """The hub's end of a connection whose handshake is done."""
    engine = Engine(hub_context())
    done = False
    while not (done and engine.is_established):
        done = device.shake_hands()
        engine.feed(device.take())
        engine.shake_hands()
        device.give(engine.wire())
    assert engine.shake_hands()
    return engine


def heard(engine: Engine, wire: bytes) -> bytes:
    engine.feed(wire)
    return b"".join(chunks(engine))


def chunks(engine: Engine) -> list[bytes]:
    return list(iter(engine.plaintext, b""))


@VERSIONS
def test_plaintext_passes_both_ways(version: ssl.TLSVersion) -> None:
    """TLS-1, TLS-2, TLS-8."""
    device = Device(device_context(version))
    engine = met(device)
    assert engine.peer_certificate() == []
    assert heard(engine, device.say(b"from the device")) == b"from the device"
    device.give(b"".join(engine.write(b"from the hub")))
    assert device.heard() == b"from the hub"


def test_a_client_of_an_older_version_is_refused() -> None:
    """TLS-1, TLS-7: the alert is there to be sent."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_max_proto_version(SSL.TLS1_1_VERSION)
    old = SSL.Connection(context, None)
    old.set_connect_state()
    with pytest.raises(SSL.WantReadError):
        old.do_handshake()
    engine = Engine(hub_context())
    engine.feed(old.bio_read(CHUNK))
    with pytest.raises(TlsError, match="unsupported protocol"):
        engine.shake_hands()
    assert engine.wire()[0] == 21  # RFC 8446 §5.1: an alert


@VERSIONS
@pytest.mark.parametrize("days", [30, -1])
def test_any_client_certificate_passes_and_is_shown(version: ssl.TLSVersion, days: int) -> None:
    """TLS-3, TLS-4: this one is known to nobody, or even expired."""
    shown = self_signed("pump-1", days)
    engine = met(Device(device_context(version, shown)))
    assert engine.peer_certificate() == ders(shown)


@VERSIONS
def test_a_chain_is_shown_with_the_clients_own_certificate_first(version: ssl.TLSVersion) -> None:
    """TLS-4."""
    context, hub = device_context(version), certificates()
    context.load_cert_chain(hub.server, hub.server_key)
    chain = met(Device(context)).peer_certificate()
    assert len(chain) == 2
    assert chain == ders(hub.server)


@VERSIONS
def test_no_session_is_resumed(version: ssl.TLSVersion) -> None:
    """TLS-5."""
    context = device_context(version, self_signed("pump-1"))
    first = Device(context)
    first.give(b"".join(met(first).write(b"x")))
    first.heard()  # with TLS 1.3 the session comes after the handshake
    second = Device(context)
    if first.tls.session is not None:
        second.tls.session = first.tls.session
    engine = met(second)
    assert not second.tls.session_reused
    assert engine.peer_certificate() == ders(self_signed("pump-1"))


@settings(max_examples=30)
@given(st.data())
def test_plaintext_is_the_same_however_the_wire_is_cut(data: st.DataObject) -> None:
    """TLS-8."""
    device = Device(device_context())
    engine = met(device)
    said = data.draw(st.lists(st.binary(min_size=1, max_size=300), max_size=5))
    wire = b"".join(map(device.say, said))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert b"".join(heard(engine, piece) for piece in pieces) == b"".join(said)


def test_a_big_transfer_passes_in_chunks_both_ways() -> None:
    """TLS-8, TLS-14: neither side of the engine ever holds more than a record."""
    big = bytes(range(256)) * 8192
    device = Device(device_context())
    engine = met(device)
    engine.feed(device.say(big))
    heard = chunks(engine)
    assert b"".join(heard) == big
    assert max(map(len, heard)) <= CHUNK
    sent = engine.write(memoryview(big))
    assert max(map(len, sent)) <= CHUNK + 256
    device.give(b"".join(sent))
    assert device.heard() == big


def test_what_is_not_taken_waits_in_order() -> None:
    """TLS-9."""
    device = Device(device_context())
    engine = met(device)
    engine.feed(device.say(b"1") + device.say(b"2"))
    assert engine.plaintext() == b"1"
    engine.feed(device.say(b"3"))
    assert chunks(engine) == [b"2", b"3"]


def test_a_goodbye_ends_what_is_heard_and_not_what_is_said() -> None:
    """TLS-13."""
    device = Device(device_context())
    engine = met(device)
    assert heard(engine, device.say(b"last words") + device.say_goodbye()) == b"last words"
    assert engine.has_ended
    assert b"".join(engine.write(b"so long"))


def test_after_our_goodbye_nothing_can_be_written() -> None:
    """TLS-11."""
    device = Device(device_context())
    engine = met(device)
    engine.close()
    device.give(engine.wire())
    assert device.heard() == b""
    with pytest.raises(TlsError, match="shutdown"):
        engine.write(b"x")


def test_a_broken_record_ends_the_connection_with_an_alert() -> None:
    """TLS-13; a close after it, or before any handshake, says nothing and does not raise."""
    device = Device(device_context())
    engine = met(device)
    wire = bytearray(device.say(b"x"))
    wire[-1] ^= 1
    with pytest.raises(TlsError, match="bad record mac"):
        heard(engine, bytes(wire))
    assert engine.wire()
    engine.close()
    Engine(hub_context()).close()
    assert engine.wire() == b""


@given(st.binary(min_size=5, max_size=100))
def test_garbage_is_refused_or_waited_for(garbage: bytes) -> None:
    """TLS-7."""
    engine = Engine(hub_context())
    engine.feed(garbage)
    with suppress(TlsError):
        assert not engine.shake_hands()


def test_a_goodbye_within_the_handshake_is_no_error_of_openssls_but_one_of_ours() -> None:
    """TLS-7."""
    device, engine = Device(device_context(V12)), Engine(hub_context())
    assert not device.shake_hands()
    engine.feed(device.take() + b"\x15\x03\x03\x00\x02\x01\x00")  # RFC 8446 §6.1: close_notify
    with pytest.raises(TlsError, match="ZeroReturnError"):
        engine.shake_hands()
