"""Telemetry that comes by request: one message, or a batch that is admitted as a whole.

What a message becomes is `Events`'; here it is that many are as one.

Source: docs/spec/device-api.md, DEVICE-10, DEVICE-13.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from affinage.domain.errors import MessageTooLarge
from affinage.domain.happening import MAX_TELEMETRY, Properties, said
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal
from affinage.services.events import Events
from affinage.services.limits import UNLIMITED, Limits, Operation

MAX_BATCH: Final = 500
"""Messages in one batch."""


class Sent(NamedTuple):
    """A message of a device, its properties named as in a topic."""

    payload: bytes
    properties: Properties


class Telemetry:
    def __init__(self, events: Events, limits: Limits = UNLIMITED) -> None:
        self._events, self._limits = events, limits

    async def send(self, key: TwinKey, messages: Sequence[Sent], *, by: Principal) -> None:
        """Keep a device's messages, in their order; they are durable then.

        Raises:
            Forbidden: they are another's.
            MessageTooLarge, Throttled: nothing was kept.
            Unavailable: the disk is slower than what comes, or fails; some may have been kept.

        Source: DEVICE-10, DEVICE-13.
        """
        by.require_self(key)
        if len(messages) > MAX_BATCH:
            raise MessageTooLarge(f"a batch of {len(messages)} of {MAX_BATCH} messages")
        if (size := sum(map(_size, messages))) > MAX_TELEMETRY:
            raise MessageTooLarge(f"what {key.path} sends takes {size} of {MAX_TELEMETRY} bytes")
        self._limits.take(Operation.TELEMETRY, by, len(messages))
        kept = list[asyncio.Future[None]]()
        try:
            for one in messages:
                sent = self._events.send(key, one.properties, one.payload, is_due=True, by=by)
                kept.append(sent)
        finally:  # those before one that is refused are on their way: somebody must hear of them
            await asyncio.gather(*kept)


def _size(message: Sent) -> int:
    return len(message.payload) + said(message.properties)
