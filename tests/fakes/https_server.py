"""An HTTPS server that plays back what it is given, and keeps what it is asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fakes.authority import authority


@dataclass(frozen=True)
class Asked:
    line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Playback:
    """Answers each request with the next of `answers`; closes without one if it is empty."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.closes_after = False
        """It closes each connection after its first answer, without saying so."""

    def play(
        self,
        document: object = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with a document as JSON, or with no body at all."""
        body = b"" if document is None else json.dumps(document).encode()
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.answers.append("\r\n".join((*lines, "", "")).encode() + body)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while asked := await _read(reader):
                self.asked.append(asked)
                answer = self.answers.pop(0) if self.answers else b""
                writer.write(answer)
                await writer.drain()
                if not answer or self.closes_after:
                    break
        except ConnectionError:
            pass  # the client went away, as it may
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    line, *rest = head.strip().split("\r\n")
    headers = dict(pair.split(": ", 1) for pair in rest)
    return Asked(line, headers, await reader.readexactly(int(headers["Content-Length"])))


@asynccontextmanager
async def playback() -> AsyncIterator[Playback]:
    """A server on loopback that proves to be HOST, for as long as the context lasts."""
    played = Playback()
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0, ssl=authority().server)
    played.port = server.sockets[0].getsockname()[1]
    try:
        yield played
    finally:
        server.close()
        await server.wait_closed()
