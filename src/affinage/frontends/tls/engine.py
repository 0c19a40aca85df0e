"""One TLS connection without a socket: bytes from the wire in, bytes for the wire out."""

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

CHUNK: Final = 16 * 1024
"""Bytes of plaintext at a time: what one TLS record may hold."""

_ALL: Final = 2**20


class TlsError(Exception):
    """The peer does not speak TLS as it must; the connection is of no more use."""


class Engine:
    """The server's side of a connection, over two buffers in memory."""

    def __init__(self, context: SSL.Context) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self.is_established = False
        self.has_ended = False
        """The peer has said that it sends no more."""

    def feed(self, wire: bytes) -> None:
        """Take bytes from the wire; then call `shake_hands` or `plaintext`."""
        self._tls.bio_write(wire)

    def shake_hands(self) -> bool:
        """Go on with the handshake; True once it is done.

        Raises:
            TlsError: the peer cannot be spoken with.
        """
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return False
        except SSL.Error as error:
            raise TlsError(_reason(error)) from error
        self.is_established = True
        return True

    def plaintext(self) -> Iterator[bytes]:
        """What can be read now, in chunks; stop taking them and the rest stays here.

        Raises:
            TlsError: the peer broke the connection's rules.
        """
        while not self.has_ended:
            try:
                yield self._tls.recv(CHUNK)
            except SSL.WantReadError:
                return
            except SSL.ZeroReturnError:
                self.has_ended = True
            except SSL.Error as error:
                raise TlsError(_reason(error)) from error

    def write(self, plaintext: bytes | bytearray | memoryview) -> None:
        """Encrypt; `wire` then has it. Nothing happens before the handshake or with no bytes."""
        if plaintext and self.is_established:
            self._tls.sendall(plaintext)

    def close(self) -> None:
        """Say that nothing more will be sent; `wire` then has it."""
        if self.is_established:
            try:
                self._tls.shutdown()
            except SSL.Error:
                self.is_established = False  # it was broken before

    def wire(self) -> bytes:
        """What must be sent to the peer now."""
        parts = []
        while True:
            try:
                parts.append(self._tls.bio_read(_ALL))
            except SSL.WantReadError:
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def peer_certificate(self) -> list[bytes]:
        """The client's certificates, DER, its own first; empty if it showed none."""
        leaf = self._tls.get_peer_certificate(as_cryptography=True)
        if leaf is None:
            return []
        rest = self._tls.get_peer_cert_chain(as_cryptography=True) or []
        return [one.public_bytes(Encoding.DER) for one in (leaf, *(c for c in rest if c != leaf))]


def _reason(error: SSL.Error) -> str:
    """The last word of OpenSSL's own queue of errors, or what kind of error it was."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, list) and queue:
        return str(queue[-1][-1])
    return type(error).__name__
