"""What the fuzzer feeds with bytes: each takes any, and raises if a law does not hold.

A target knows nothing of the fuzzer, so that the tests can play it what was found. The laws: no
bytes raise anything but the one error of the floor; however they are cut, the result is the same;
what was read is spelled so that it is read again.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, Final

from OpenSSL import SSL

from affinage.domain.errors import Malformed
from affinage.frontends.mqtt.answers import patch_in
from affinage.frontends.tls.engine import Engine, TlsError
from affinage.frontends.websocket.tunnel import Tunnel
from affinage.protocol import tokens
from affinage.protocol.bags import format_bag, parse_bag
from affinage.protocol.certificates import parse as parse_certificates
from affinage.protocol.certificates import read as read_certificate
from affinage.protocol.chains import verify
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.feeds import feed_of
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import Decoder, encode
from affinage.protocol.registering import Registrant, parse_answer, parse_ask
from affinage.protocol.topics import parse_delivery, parse_request
from fakes.clock import START
from fakes.mqtt_session import decoded, pieces, played
from fakes.pki import Made, authority, leaf
from fakes.tls import Door, Wire

Target = Callable[[bytes], None]

MODULE: Final = Identity("dev1", "m1")
DEVICE: Final = Identity("dev1")
KEY: Final = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def packets(told: bytes) -> None:
    """The decoder; the first three bytes say where the rest is cut."""
    cuts, wire = _cuts(told)
    whole = decoded(wire, [])
    assert decoded(wire, cuts) == whole
    assert decoded(wire, range(len(wire))) == whole
    with suppress(ProtocolError):
        for packet in Decoder(1000).feed(wire):
            assert list(Decoder().feed(encode(packet))) == [packet]


def session(told: bytes) -> None:
    """The session machine; likewise, and the first byte says whether the client is let in."""
    cuts, wire = _cuts(told)
    code = 5 if told[:1] == b"\xff" else 0
    whole = played(wire, [], code)
    assert played(wire, cuts, code, patience=1) == whole
    assert played(wire, range(len(wire)), code) == whole


def texts(told: bytes) -> None:
    """Topics, filters, bags, user names, connection strings; the first byte says which."""
    text = told[1:].decode(errors="replace")
    with suppress(ProtocolError):
        _TEXTS[told[0] % len(_TEXTS) if told else 0](text)


def shared_access_tokens(told: bytes) -> None:
    """A token, as it is shown for a device: none of them is a right one."""
    text = told.decode(errors="replace")
    try:
        token = tokens.parse(text)
        tokens.verify(token, resource="hub1.example.com/devices/dev1", keys=[KEY], now=0)
    except ProtocolError:
        return
    assert tokens.make_token(token.resource, KEY, token.expiry), "a signature was forged"


def tls(told: bytes) -> None:
    """What comes over the wire before the handshake is done, in two ways of cutting it."""
    cuts, wire = _cuts(told)
    assert _records(wire, []) == _records(wire, cuts) == _records(wire, range(len(wire)))
    engine = Engine(_context())
    with suppress(TlsError):
        for piece in pieces(wire, cuts):
            engine.feed(piece)
            if engine.shake_hands():
                engine.plaintext()
    engine.wire()


def websocket(told: bytes) -> None:
    """What comes once a WebSocket is agreed to; likewise. Its goodbye is the door's own doing."""
    cuts, wire = _cuts(told)
    whole = _tunnelled(wire, [])
    assert _tunnelled(wire, cuts) == _tunnelled(wire, range(len(wire))) == whole


def certificates(told: bytes) -> None:
    """One certificate in DER, or several in PEM."""
    with suppress(ProtocolError):
        read = read_certificate(told)
        assert read.document["version"] in {1, 3}
        assert read.constraints is None or read.is_authority in {True, False}
        assert read_certificate(read.der) == read
    with suppress(ProtocolError):
        parse_certificates(told.decode(errors="replace"))


def chains(told: bytes) -> None:
    """A certificate that is shown below an authority: nobody stands for one that was changed."""
    root, plant, _ = family()
    signed = {each.certificate.parsed.tbs_certificate_bytes for each in family()}
    with suppress(ProtocolError):
        vouched = verify([told, plant.der], [root.certificate], START)
        # a signature may be spelled in several ways, what stands above it may not
        assert vouched.leaf.parsed.tbs_certificate_bytes in signed


@cache
def family() -> tuple[Made, Made, Made]:
    """An authority, one that it signed, and a device's certificate that that one signed."""
    root = authority("Root")
    plant = authority("Plant", root)
    return root, plant, leaf("dev1", plant)


def patches(told: bytes) -> None:
    """What a device reports."""
    with suppress(Malformed):
        assert isinstance(patch_in(told), dict)


TARGETS: Final[dict[str, Target]] = {
    target.__name__: target
    for target in (
        packets,
        session,
        texts,
        shared_access_tokens,
        tls,
        websocket,
        certificates,
        chains,
        patches,
    )
}


def _cuts(told: bytes) -> tuple[list[int], bytes]:
    return [*told[:3]], told[3:]


def _records(wire: bytes, cuts: Any) -> tuple[int, int]:
    """How many TLS records begin in the bytes, and how much of the last one is missing."""
    engine = Engine(_context())
    for piece in pieces(wire, cuts):
        engine.feed(piece)
    return engine._records, engine._missing


def _tunnelled(wire: bytes, cuts: Any) -> tuple[bytes, bool]:
    """What the door hears, and whether the WebSocket is open then.

    With which code it was closed may differ: of a text in pieces the first may tell enough.
    """

    async def play() -> tuple[bytes, bool]:
        outer, door = Wire(), Door()
        tunnel = Tunnel(door)
        tunnel.connection_made(outer)
        for piece in pieces(wire, cuts):
            tunnel.data_received(piece)
        is_open = tunnel.is_open
        tunnel.connection_lost(None)
        return b"".join(door.heard), is_open

    return _loop().run_until_complete(play())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _context() -> SSL.Context:
    return SSL.Context(SSL.TLS_SERVER_METHOD)


# ── texts: each raises ProtocolError, or reads again what it spells ──────────────────────────


def _request_of_a_device(text: str) -> None:
    request = parse_request(text, DEVICE)
    assert parse_request(request.topic, DEVICE) == request


def _request_of_a_module(text: str) -> None:
    request = parse_request(text, MODULE)
    assert parse_request(request.topic, MODULE) == request


def _delivery(text: str) -> None:
    delivery = parse_delivery(text)
    assert parse_delivery(delivery.topic) == delivery


def _filter(text: str) -> None:
    assert feed_of(text, DEVICE) is None or feed_of(text, MODULE) or text.startswith("devices/")


def _bag(text: str) -> None:
    bag = parse_bag(text)
    assert parse_bag(format_bag(bag)) == bag


def _user_name(text: str) -> None:
    name = Username.parse(text)
    assert Username.parse(name.text) == name


def _connection_string(text: str) -> None:
    string = ConnectionString.parse(text)
    assert ConnectionString.parse(string.text) == string


def _registrant(text: str) -> None:
    who = Registrant.parse(text)
    assert Registrant.parse(who.text) == who


def _ask_of_a_registrant(text: str) -> None:
    ask = parse_ask(text, DEVICE)
    assert parse_ask(ask.topic, DEVICE) == ask


def _answer_to_a_registrant(text: str) -> None:
    answer = parse_answer(text)
    assert parse_answer(answer.topic) == answer


_TEXTS: Final = (
    _request_of_a_device,
    _request_of_a_module,
    _delivery,
    _filter,
    _bag,
    _user_name,
    _connection_string,
    _registrant,
    _ask_of_a_registrant,
    _answer_to_a_registrant,
)
