"""One TLS connection without a socket: bytes from the wire in, bytes for the wire out.

Both ways go in chunks: OpenSSL's buffers in memory keep the size of the largest thing that was ever
in them, and there are many connections.
"""

from typing import Final

from OpenSSL import SSL, crypto

CHUNK: Final = 16 * 1024
"""Bytes of plaintext at a time: what one TLS record may hold."""

SLICE: Final = 4 * 1024
"""Bytes from the wire that OpenSSL is given at a time."""

_RECORD: Final = CHUNK + 1024
"""Bytes on the wire that a chunk takes at most."""

_HEADER: Final = 5
"""Bytes that a record begins with; the last two say how many follow."""


class TlsError(Exception):
    """The peer does not speak TLS as it must; the connection is of no more use."""


class Engine:
    """The server's side of a connection, over two buffers in memory."""

    __slots__ = (
        "_fed", "_head", "_is_dry", "_missing", "_records", "_tls", "_waiting", "has_ended",
        "is_established",
    )  # fmt: skip

    def __init__(self, context: SSL.Context) -> None:
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._waiting, self._fed = b"", 0
        self._is_dry = True  # OpenSSL has nothing more to give of what it was given
        self._records, self._missing, self._head = 0, 0, b""
        self.is_established = False
        self.has_ended = False
        """The peer has said that it sends no more."""

    def feed(self, wire: bytes) -> None:
        """Take bytes from the wire; then call `shake_hands` or `plaintext`."""
        self._waiting, self._fed = self._waiting[self._fed :] + wire, 0
        self._count_records(self._head + wire)

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

    def plaintext(self) -> bytes:
        """The next chunk of what can be read now; empty if there is none.

        Raises:
            TlsError: the peer broke the connection's rules.
        """
        while self._records and not self.has_ended:
            if self._is_dry and not self._refill():
                self._records = int(self._missing > 0)
                break
            try:
                chunk = self._tls.recv(CHUNK)
            except SSL.WantReadError:
                self._is_dry = True
            except SSL.ZeroReturnError:
                self.has_ended = True
            except SSL.Error as error:
                raise TlsError(_reason(error)) from error
            else:
                self._records -= 1
                self._is_dry = not self._records
                return chunk
        return b""

    def write(self, plaintext: bytes | bytearray | memoryview) -> list[bytes]:
        """Encrypt it, chunk by chunk, into what must be sent to the peer now.

        Raises:
            TlsError: the connection has been closed or broken before.
        """
        if len(plaintext) <= CHUNK:
            return [self._encrypted(plaintext)]
        view = memoryview(plaintext).cast("B")
        return [self._encrypted(view[at : at + CHUNK]) for at in range(0, len(view), CHUNK)]

    def close(self) -> None:
        """Say that nothing more will be sent; `wire` then has it."""
        if self.is_established:
            try:
                self._tls.shutdown()
            except SSL.Error:
                self.is_established = False  # it was broken before

    def wire(self) -> bytes:
        """What must be sent to the peer now; empty if there is nothing."""
        try:
            wire = self._tls.bio_read(_RECORD)
        except SSL.WantReadError:
            return b""
        return wire if len(wire) < _RECORD else wire + self.wire()

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

    def _encrypted(self, chunk: bytes | bytearray | memoryview) -> bytes:
        try:
            self._tls.sendall(chunk)
        except SSL.Error as error:
            raise TlsError(_reason(error)) from error
        return self.wire()

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

    def _count_records(self, wire: bytes) -> None:
        """Count those that begin here: a question that OpenSSL cannot answer costs an exception.

        A record gives one chunk, or none if it is TLS's own; RFC 8446 §5.1 has its header.
        """
        at = self._missing
        while len(wire) - at >= _HEADER:
            at += _HEADER + (wire[at + 3] << 8 | wire[at + 4])
            self._records += 1
        self._missing = max(at - len(wire), 0)
        self._head = wire[at:]


def _reason(error: SSL.Error) -> str:
    """The first of OpenSSL's own queue of errors, the deepest, or what kind of error it was."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, list) and queue:
        return str(queue[0][-1])
    return type(error).__name__
