"""TLS as a device speaks it: the standard library's client over memory, and certificates."""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.clock import wall_time
from affinage.frontends.tls.context import server_context
from affinage.frontends.tls.transport import TlsProtocol
from affinage.frontends.tls.turnstile import Enter, at_once

HOST: Final = "hub.test"

V12: Final = ssl.TLSVersion.TLSv1_2
V13: Final = ssl.TLSVersion.TLSv1_3


@cache
def certificates() -> Certificates:
    """One authority, and its server for HOST and 127.0.0.1, for all tests of a process."""
    made = Certificates(Path(mkdtemp(prefix="affinage-test-tls-")))
    made.ensure([HOST, "127.0.0.1"], wall_time())
    return made


@cache
def hub_context() -> SSL.Context:
    return server_context(certificates().server, certificates().server_key)


def device_context(
    version: ssl.TLSVersion = V13, certificate: Path | None = None
) -> ssl.SSLContext:
    """A client that trusts the authority, speaks that version only, and may show a certificate."""
    context = ssl.create_default_context(cafile=certificates().authority)
    context.minimum_version = context.maximum_version = version
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


@cache
def self_signed(name: str, days: int = 30) -> Path:
    """A PEM file of a key and the certificate that it signed for itself; negative days: expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    end = wall_time() + timedelta(days=days)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 7)
    builder = builder.not_valid_before(end - timedelta(days=60)).not_valid_after(end)
    path = Path(mkdtemp(prefix="affinage-test-device-")) / "device.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return path


def ders(path: Path) -> list[bytes]:
    """The certificates of a PEM file."""
    found = x509.load_pem_x509_certificates(path.read_bytes())
    return [each.public_bytes(Encoding.DER) for each in found]


class Device:
    """A TLS client without a socket: `give` it what came, `take` what it sends."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out, server_hostname=HOST)

    def take(self) -> bytes:
        return self._out.read()

    def give(self, wire: bytes) -> None:
        self._in.write(wire)

    def shake_hands(self) -> bool:
        """Go on with the handshake; True once this side is done."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def say(self, plaintext: bytes) -> bytes:
        """Encrypt."""
        self.tls.write(plaintext)
        return self.take()

    def heard(self) -> bytes:
        """Everything that can be decrypted now; stops at the hub's goodbye."""
        parts = []
        while True:
            try:
                part = self.tls.read(2**16)
            except ssl.SSLWantReadError:
                break
            parts.append(part)
            if not part:
                break
        return b"".join(parts)

    def say_goodbye(self) -> bytes:
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self.take()


class Wire(asyncio.Transport):
    """The transport below, in memory; as strict as uvloop's: writing after the end raises."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 5555), "sockname": ("127.0.0.1", 8883)})
        self.sent = bytearray()
        self.unsent = 0
        """What `get_write_buffer_size` answers."""
        self.is_paused = self.is_closed = False
        self.aborted = asyncio.Event()
        self.limits: tuple[int | None, int | None] | None = None

    def write(self, data: Any) -> None:
        if self.is_closed:
            raise RuntimeError("the transport is closed")
        self.sent += data

    def taken(self) -> bytes:
        """What was sent since this was last asked."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def pause_reading(self) -> None:
        assert not self.is_closed
        self.is_paused = True

    def resume_reading(self) -> None:
        assert not self.is_closed
        self.is_paused = False

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True
        self.aborted.set()


class Door(asyncio.Protocol):
    """An inner protocol that notes what it is told, and may be given something to do about it."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.said: list[str] = []
        """What else it was told: made, lost, pause and resume, in order."""
        self.lost_to: Exception | None = None
        self.on_data: Callable[[bytes], None] = self.heard.append
        self.is_lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.said.append("made")

    def data_received(self, data: bytes) -> None:
        self.on_data(data)

    def pause_writing(self) -> None:
        self.said.append("pause")

    def resume_writing(self) -> None:
        self.said.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.said.append("lost")
        self.lost_to = exc
        self.is_lost.set()


class Met:
    """A device, the hub's end of its connection, and the door behind; the handshake is done."""

    def __init__(
        self, device: Device | None = None, wire: Wire | None = None, enter: Enter = at_once
    ) -> None:
        self.device = device or Device(device_context())
        self.door, self.wire = Door(), wire or Wire()
        self.tls = TlsProtocol(hub_context(), lambda: self.door, enter=enter)
        self.tls.connection_made(self.wire)
        while not self.device.shake_hands() or "made" not in self.door.said:
            self.tls.data_received(self.device.take())
            self.device.give(self.wire.taken())

    def says(self, *plaintexts: bytes) -> None:
        self.tls.data_received(b"".join(map(self.device.say, plaintexts)))

    def hears(self) -> bytes:
        self.device.give(self.wire.taken())
        return self.device.heard()
