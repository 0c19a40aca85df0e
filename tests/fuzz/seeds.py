"""What the fuzzer begins with: what devices say, from the transcripts, and a few good examples."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import Connect, Decoder, Packet, Publish, Subscribe
from fakes.mqtt_transcripts import FILES, said
from fakes.tls import ders, self_signed
from fuzz.targets import KEY

TOKENS: Final = (
    "SharedAccessSignature sr=hub1.example.com%2Fdevices%2Fdev1&sig=R9Lcqv0pJ4LedmEhEqVa71zx"
    "%2BpnLNBZmjqmdRPPOnuk%3D&se=1900000001",
    "SharedAccessSignature sr=hub1.example.com&sig=AAAA&se=9&skn=iothubowner",
)
STRINGS: Final = (
    f"HostName=hub1.example.com;DeviceId=dev1;ModuleId=m1;SharedAccessKey={KEY}",
    "HostName=h;GatewayHostName=g;DeviceId=dev1;x509=true",
    f"HostName=h;SharedAccessKeyName=service;SharedAccessKey={KEY}",
)


def seeds(target: str) -> list[bytes]:
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
        case "certificates":
            [der] = ders(self_signed("dev1"))
            return [der, ssl.DER_cert_to_PEM_cert(der).encode()]
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
