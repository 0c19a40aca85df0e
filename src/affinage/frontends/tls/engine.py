"""One TLS connection without a socket: bytes from the wire in, bytes for the wire out.

Both ways go in chunks: OpenSSL's buffers in memory keep the size of the largest thing that was ever
in them, and there are many connections.
"""

from collections.abc import Iterator
from typing import Final

from OpenSSL import SSL, crypto

CHUNK: Final = 16 * 1024
"""Bytes of plaintext at a time: what one TLS record may hold."""

SLICE: Final = 4 * 1024
"""Bytes from the wire that OpenSSL is given at a time."""

_RECORD: Final = CHUNK + 1024
"""Bytes on the wire that a chunk takes at most."""


class TlsError(Exception):
    """The peer does not speak TLS as it must; the connection is of no more use."""


class Engine:
    """The server's side of a connection, over two buffers in memory."""

    __slots__ = ("_fed", "_is_dry", "_tls", "_waiting", "has_ended", "is_established")

    def __init__(self, context: SSL.Context) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._waiting, self._fed = b"", 0
        self._is_dry = True  # OpenSSL was asked for more than it was given
        self.is_established = False
        self.has_ended = False
        """The peer has said that it sends no more."""

    def feed(self, wire: bytes) -> None:
        """Take bytes from the wire; then call `shake_hands` or `plaintext`."""
        self._waiting, self._fed = self._waiting[self._fed :] + wire, 0

    def shake_hands(self) -> bool:
        """Go on with the handshake; True once it is done.

        Raises:
            TlsError: the peer cannot be spoken with.
        """
        while not self.is_established:
            try:
                self._tls.do_handshake()
                self.is_established = True
            except SSL.WantReadError:
                if not self._refill():
                    return False
            except SSL.Error as error:
                raise TlsError(_reason(error)) from error
        return True

    def plaintext(self) -> Iterator[bytes]:
        """What can be read now, in chunks; stop taking them and the rest stays here.

        Raises:
            TlsError: the peer broke the connection's rules.
        """
        if self._is_dry:
            self._refill()
        while not self.has_ended:
            try:
                yield self._tls.recv(CHUNK)
            except SSL.WantReadError:
                if not self._refill():
                    return
            except SSL.ZeroReturnError:
                self.has_ended = True
            except SSL.Error as error:
                raise TlsError(_reason(error)) from error

    def write(self, plaintext: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """Encrypt it, chunk by chunk, into what must be sent to the peer now.

        Raises:
            TlsError: the connection has been closed or broken before.
        """
        view = memoryview(plaintext).cast("B")
        for start in range(0, len(view), CHUNK):
            try:
                self._tls.sendall(view[start : start + CHUNK])
            except SSL.Error as error:
                raise TlsError(_reason(error)) from error
            yield self.wire()

    def close(self) -> None:
        """Say that nothing more will be sent; `wire` then has it."""
        if self.is_established:
            try:
                self._tls.shutdown()
            except SSL.Error:
                self.is_established = False  # it was broken before

    def wire(self) -> bytes:
        """What must be sent to the peer now; empty if there is nothing."""
        parts: list[bytes] = []
        while not parts or len(parts[-1]) == _RECORD:
            try:
                parts.append(self._tls.bio_read(_RECORD))
            except SSL.WantReadError:
                break
        return b"".join(parts)

    def peer_certificate(self) -> list[bytes]:
        """The client's certificates, DER, its own first; empty if it showed none.

        They are given as they came: that they can be parsed is not sure.
        """
        leaf = self._tls.get_peer_certificate()
        if leaf is None:
            return []
        shown = [leaf, *(self._tls.get_peer_cert_chain() or [])]
        ders = [crypto.dump_certificate(crypto.FILETYPE_ASN1, each) for each in shown]
        return list(dict.fromkeys(ders))  # some versions name the leaf in the chain too

    def _refill(self) -> bool:
        """Give OpenSSL the next chunk of what was fed; False if it has had all."""
        chunk = self._waiting[self._fed : self._fed + SLICE]
        self._fed += len(chunk)
        self._is_dry = not chunk
        if self._is_dry:
            self._waiting, self._fed = b"", 0
            return False
        self._tls.bio_write(chunk)
        return True


def _reason(error: SSL.Error) -> str:
    """The first of OpenSSL's own queue of errors, the deepest, or what kind of error it was."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, list) and queue:
        return str(queue[0][-1])
    return type(error).__name__
