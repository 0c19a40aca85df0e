"""What the fuzzer begins with: what devices say, from the transcripts, and a few good examples."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import Connect, Decoder, Packet, Publish, Subscribe
from fakes.mqtt_transcripts import FILES, said
from fakes.websocket import WebSocketClient
from fuzz.targets import KEY, family

TOKENS: Final = (
    "SharedAccessSignature sr=hub1.example.com%2Fdevices%2Fdev1&sig=R9Lcqv0pJ4LedmEhEqVa71zx"
    "%2BpnLNBZmjqmdRPPOnuk%3D&se=1900000001",
    "SharedAccessSignature sr=hub1.example.com&sig=AAAA&se=9&skn=iothubowner",
)
REGISTERING: Final = (
    (7, "0ne00001/registrations/dev1/api-version=2019-03-31&ClientVersion=c%2F1"),
    (8, "$dps/registrations/PUT/iotdps-register/?$rid=1"),
    (8, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.a%2Fb"),
    (9, "$dps/registrations/res/202/?$rid=1&retry-after=3"),
)
"""By the numbers of their readers in `targets`."""

STRINGS: Final = (
    f"HostName=hub1.example.com;DeviceId=dev1;ModuleId=m1;SharedAccessKey={KEY}",
    "HostName=h;GatewayHostName=g;DeviceId=dev1;x509=true",
    f"HostName=h;SharedAccessKeyName=service;SharedAccessKey={KEY}",
)


def seeds(target: str) -> list[bytes]:  # noqa: PLR0911  (one per target)
    """Inputs of a target, each good or nearly so."""
    conversations = [said(path) for path in FILES]
    match target:
        case "packets" | "session":
            return [bytes((0, 3, 20)) + each for each in conversations]
        case "texts":
            return [*_texts(conversations)]
        case "shared_access_tokens":
            return [token.encode() for token in TOKENS]
        case "tls":
            return [b"\0\5\x40" + _hello(), b"\0\0\0" + conversations[0]]
        case "websocket":
            client = WebSocketClient()
            wire = client.say(b"\x10") + client.ping() + client.say(b"ab")
            return [b"\1\2\3" + wire, b"\0\5\5" + client.say(b"x" * 200) + client.close()]
        case "certificates" | "chains":
            return [*(each.der for each in family()), family()[0].pem.encode()]
        case "patches":
            return [each.payload for each in _said(conversations) if isinstance(each, Publish)]
        case _:
            raise ValueError(f"no such target: {target}")


def _texts(conversations: list[bytes]) -> Iterator[bytes]:
    for packet in _said(conversations):
        match packet:
            case Publish(topic):
                kind = int("/modules/" in topic)
                yield bytes((kind,)) + topic.encode()
                yield b"\4" + topic.rpartition("/")[2].encode()
            case Subscribe(_, filters):
                yield from (b"\3" + text.encode() for text, _ in filters)
            case Connect(_, str(name)):
                yield b"\5" + name.encode()
            case _:
                pass
    yield from (b"\6" + string.encode() for string in STRINGS)
    yield from (bytes((kind,)) + text.encode() for kind, text in REGISTERING)
    yield from (b"\2" + topic for topic in (b"$iothub/twin/res/204/?$rid=1&$version=2",))


def _said(conversations: list[bytes]) -> Iterator[Packet]:
    for each in conversations:
        with suppress(ProtocolError):
            yield from Decoder().feed(each)


def _hello() -> bytes:
    """How a client's handshake begins."""
    wire = ssl.MemoryBIO()
    context = ssl.create_default_context()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), wire, server_hostname="hub.test").do_handshake()
    return wire.read()
