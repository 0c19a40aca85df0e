"""`/events`: what happens in the fleet, page by page or as it comes.

Source: docs/spec/events.md.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final, NamedTuple

import msgspec
from starlette.responses import Response

from affinage.domain.errors import Malformed, Throttled
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.numbers import natural
from affinage.frontends.native_api.calls import Call, Services
from affinage.frontends.native_api.streams import Stream
from affinage.services.events import LATEST, Page

HEARTBEAT_S: Final = 15.0
"""Seconds after which a stream in which nothing comes says that it is still there."""

STREAM_S: Final = 3_600.0
"""Seconds for which a stream lasts: a token that was good at its beginning is no older then."""

MAX_STREAMS: Final = 100
"""Streams at a time."""

RETRY_MS: Final = 2_000
"""After which a reader is asked to come back."""

_DIGITS: Final = 18


class Wanted(NamedTuple):
    after: int
    kind: str | None
    device: str | None
    limit: int


async def page(services: Services, call: Call) -> Response:
    """GET the events after an offset."""
    return json_answer(_shown(await _page(services, call, _wanted(call))))


async def stream(services: Services, call: Call) -> Response:
    """GET events as they come, as server-sent events."""
    wanted = _wanted(call)
    if (last := call.request.headers.get("last-event-id")) is not None:
        wanted = wanted._replace(after=_offset("Last-Event-ID", last))
    first = await _page(services, call, wanted)  # what is wrong with it is told at once
    if len(services.streams) >= MAX_STREAMS:
        raise Throttled(f"there are {MAX_STREAMS} of {MAX_STREAMS} streams", retry_after_s=10)
    return Stream(_counted(services, call, wanted, first))


async def _counted(
    services: Services, call: Call, wanted: Wanted, first: Page
) -> AsyncGenerator[bytes, None]:
    marker = object()
    services.streams.add(marker)
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        async with aclosing(_pieces(services, call, wanted, first)) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        services.streams.discard(marker)


async def _pieces(
    services: Services, call: Call, wanted: Wanted, found: Page
) -> AsyncGenerator[bytes, None]:
    """Until the hub stops, the policy is revoked, or the stream has lasted long enough."""
    ends_at = services.clock.monotonic() + STREAM_S
    while True:
        yield _told(found)
        wanted = wanted._replace(after=found.next)
        if found.is_last:
            await services.events.wait(found.next, HEARTBEAT_S, by=call.by)
        is_over = services.events.is_over or services.clock.monotonic() >= ends_at
        if is_over or not services.policies.honours(call.by.voucher):
            return
        found = await _page(services, call, wanted)


def _told(found: Page) -> bytes:
    """The events of a page; if there are none, that the stream is still there."""
    parts = list[str]()
    if found.lost:
        parts.append(f'event: lost\ndata: {{"lost": {found.lost}, "oldest": {found.oldest}}}\n\n')
    for event in found.events:
        text = msgspec.json.encode(event).decode()
        parts.append(f"id: {event['offset']}\nevent: {event['kind']}\ndata: {text}\n\n")
    return ("".join(parts) or ": still here\n\n").encode()


async def _page(services: Services, call: Call, wanted: Wanted) -> Page:
    return await services.events.page(
        wanted.after, kind=wanted.kind, device=wanted.device, limit=wanted.limit, by=call.by
    )


def _shown(found: Page) -> JsonObject:
    return {
        "events": [*found.events],
        "next": found.next,
        "oldest": found.oldest,
        "lost": found.lost,
    }


def _wanted(call: Call) -> Wanted:
    asked = call.request.query_params
    after = asked.get("after", "0")
    return Wanted(
        LATEST if after == "latest" else _offset("after", after),
        asked.get("kind"),
        asked.get("device"),
        call.limit,
    )


def _offset(name: str, text: str) -> int:
    offset = natural(text, digits=_DIGITS)
    if offset is None:
        raise Malformed(f"{name} must be an offset or latest, not {text[:40]!r}")
    return offset
