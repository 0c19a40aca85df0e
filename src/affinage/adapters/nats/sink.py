"""A server of NATS that events are published to, each under its own subject.

With JetStream a stream confirms each event, and drops one that it has had before; without, the
server says that it has read them, and who does not listen then misses them. Every connection is
made anew after a failure: the caller decides when.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Final

import nats
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, MaxPayloadError
from nats.errors import Error as NatsError

from affinage.domain.errors import TooLarge, Unavailable
from affinage.domain.values import JsonObject

TIMEOUT_S: Final = 30.0
"""For a connection, and for the confirmation of all that is sent at once."""


class NatsSink:
    """Implements `ports.sinks.Sink`."""

    def __init__(
        self,
        name: str,
        url: str,
        *,
        subject: Callable[[JsonObject], str],
        hub: str,
        has_stream: bool = False,
        token: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``subject`` gives what an event is published under; ``hub`` tells its ids from others'.

        ``context`` says whom to believe; None is whom the system does.
        """
        self._name, self._url, self._subject, self._hub = name, url, subject, hub
        self._has_stream, self._token, self._context = has_stream, token, context
        self._client: Client | None = None
        self._closed = asyncio.Event()

    async def send(self, events: Sequence[JsonObject]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._connect()
                await self._unless_closed(self._publish(events))
        except MaxPayloadError:
            raise TooLarge(f"{self._name} does not take an event so large") from None
        except (NatsError, OSError) as error:  # a TimeoutError is one
            await self.close()
            raise Unavailable(f"{self._name} failed: {type(error).__name__}") from None

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with suppress(NatsError, OSError):
                await client.close()

    async def _unless_closed(self, work: Coroutine[None, None, None]) -> None:
        """The library waits for answers also over a connection that has ended."""
        doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise ConnectionClosedError
            await doing
        finally:
            doing.cancel()
            ending.cancel()

    async def _publish(self, events: Sequence[JsonObject]) -> None:
        assert self._client is not None  # it has just been connected
        client = self._client
        spelled = [
            (self._subject(event), _spelled(event), str(event["offset"])) for event in events
        ]
        if not self._has_stream:
            for subject, body, _ in spelled:
                await client.publish(subject, body)
            await client.flush(int(TIMEOUT_S))
            return
        stream = client.jetstream(timeout=TIMEOUT_S)
        await asyncio.gather(
            *(
                stream.publish(subject, body, headers={"Nats-Msg-Id": f"{self._hub}:{offset}"})
                for subject, body, offset in spelled
            )
        )

    async def _connect(self) -> None:
        if self._client is None or not self._client.is_connected:
            await self.close()
            self._closed = closed = asyncio.Event()

            async def note() -> None:
                closed.set()

            self._client = await nats.connect(
                self._url,
                allow_reconnect=False,
                max_reconnect_attempts=1,  # also of the first connection
                reconnect_time_wait=0,
                connect_timeout=int(TIMEOUT_S),
                error_cb=_nothing,
                closed_cb=note,
                tls=self._context,
                token=self._token,
            )


async def _nothing(_: Exception) -> None:
    """What goes wrong is raised by what asked for it."""


def _spelled(event: JsonObject) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
