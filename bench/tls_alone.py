"""Our TLS alone, as a process that answers nothing: what a connection takes, and a handshake."""

import asyncio
import socket
import ssl
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from ssl import TLSVersion as Version
from time import perf_counter
from typing import Final, NamedTuple

import uvloop
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from machine import busy_s, resident_bytes

from affinage.adapters.files.certificates import Certificates
from affinage.frontends.tls.context import server_context
from affinage.frontends.tls.transport import serve_tls

HOST: Final = "hub.test"
SIGNATURES: Final = 2_000


class Alone(NamedTuple):
    bytes_each: float
    """Of memory, for an idle connection."""
    handshake_us: float
    """Of processor time."""


def measure(
    connections: int, version: Version = Version.TLSv1_3, *, shows_certificate: bool = False
) -> Alone:
    """Hold so many connections, of which the server's process is the only one looked at."""
    with tempfile.TemporaryDirectory() as made:
        certificates = Certificates(Path(made))
        certificates.ensure([HOST], datetime.now(UTC))
        trusted = ssl.create_default_context(cafile=certificates.authority)
        trusted.minimum_version = trusted.maximum_version = version
        if shows_certificate:  # any will do: what it is worth is not TLS's to say
            trusted.load_cert_chain(certificates.server, certificates.server_key)
        command = [sys.executable, __file__, made]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                address = ("127.0.0.1", int(server.stdout.readline()))
                return _of(server.pid, trusted, address, connections)
            finally:
                server.terminate()


def signatures_per_s() -> float:
    """Of the server's kind of key, with no TLS around: one is in every handshake."""
    key, kind = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256())
    began = perf_counter()
    for _ in range(SIGNATURES):
        key.sign(b"", kind)
    return SIGNATURES / (perf_counter() - began)


def _of(pid: int, trusted: ssl.SSLContext, address: tuple[str, int], connections: int) -> Alone:
    held = [_opened(trusted, address) for _ in range(50)]  # what the first ones load
    memory, busy = resident_bytes(pid), busy_s(pid)
    held += [_opened(trusted, address) for _ in range(connections)]
    grown, busy = resident_bytes(pid) - memory, busy_s(pid) - busy
    for one in held:
        one.close()
    return Alone(grown / connections, 1e6 * busy / connections)


def _opened(trusted: ssl.SSLContext, address: tuple[str, int]) -> ssl.SSLSocket:
    return trusted.wrap_socket(socket.create_connection(address), server_hostname=HOST)


async def serve(folder: Path) -> None:
    """Listen, print the port, and stay."""
    certificates = Certificates(folder)
    context = server_context(certificates.server, certificates.server_key)
    server = await serve_tls(asyncio.Protocol, lambda: context, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1])))
