"""Our TLS alone: what an idle connection takes, and what a handshake costs the server.

`python bench/bench_tls_idle.py [connections]` prints one JSON line per figure. The server is a
process of its own; its memory and processor time are read from the kernel, so that what the
clients cost is not in the figures. The wall rate is what this one client, on the same machine,
could ask for.
"""

import asyncio
import json
import os
import platform
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from affinage.adapters.files.certificates import Certificates
from affinage.frontends.tls.context import server_context
from affinage.frontends.tls.transport import serve_tls

HOST = "hub.test"
PAGE, TICK = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


SENT = 2**16


class Door(asyncio.Protocol):
    """Answers one byte to every SENT bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._heard = transport, 0

    def data_received(self, data: bytes) -> None:
        self._heard += len(data)
        if self._heard == SENT:
            self._heard = 0
            self._transport.write(b".")


async def serve(folder: Path) -> None:
    """Listen, print the port, and stay."""
    certificates = Certificates(folder)
    context = server_context(certificates.server, certificates.server_key)
    server = await serve_tls(Door, context, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measure(folder: Path, connections: int) -> None:
    certificates = Certificates(folder)
    certificates.ensure([HOST], datetime.now(UTC))
    trusted = ssl.create_default_context(cafile=certificates.authority)
    command = [sys.executable, __file__, "--serve", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = ("127.0.0.1", int(server.stdout.readline()))
        try:
            held = [opened(trusted, address) for _ in range(50)]  # what the first ones load
            memory, processor, began = resident(server.pid), busy_s(server.pid), time.monotonic()
            held += [opened(trusted, address) for _ in range(connections)]
            wall_s, cpu_s = time.monotonic() - began, busy_s(server.pid) - processor
            grown = resident(server.pid) - memory
            tell("bytes per idle connection", round(grown / connections))
            tell("server's processor time per handshake, us", round(cpu_s / connections * 1e6))
            tell("handshakes/s, one client at a time", round(connections / wall_s))
            exchange(held)
            tell(
                "bytes per idle connection that was sent 64 KiB",
                round((resident(server.pid) - memory) / connections),
            )
        finally:
            server.terminate()


def opened(trusted: ssl.SSLContext, address: tuple[str, int]) -> ssl.SSLSocket:
    return trusted.wrap_socket(socket.create_connection(address), server_hostname=HOST)


def exchange(held: list[ssl.SSLSocket]) -> None:
    """Send something on every connection, and wait until the server has read it."""
    for each in held:
        each.sendall(bytes(SENT))
    for each in held:
        assert each.recv(1) == b"."


def resident(pid: int) -> int:
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def busy_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def tell(what: str, figure: int) -> None:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"what": what, "figure": figure, "machine": machine}), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        uvloop.run(serve(Path(sys.argv[2])))
    else:
        with tempfile.TemporaryDirectory() as made:
            measure(Path(made), int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
