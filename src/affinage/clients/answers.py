"""What a hub answers a back end: documents, rows, and refusals with their codes."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, cast

from affinage.clients.http import Response
from affinage.domain.values import JsonObject, JsonValue, is_object

CONTINUATION: Final = "x-ms-continuation"
MAX_ITEMS: Final = "x-ms-max-item-count"


class ServiceError(Exception):
    """The hub refused a request, and did nothing of it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code}: {message}")


def parsed(response: Response) -> JsonValue:
    """The body as JSON; None if it is none."""
    try:
        return cast(JsonValue, json.loads(response.body))
    except ValueError:
        return None


async def rows_of(ask: Callable[[str], Awaitable[Response]]) -> AsyncIterator[JsonObject]:
    """Every row of every page, fetched as they are needed.

    Args:
        ask: for a page, with what the one before said to continue with; empty for the first.
    """
    behind = ""
    while True:
        response = await ask(behind)
        for row in rows_in(response):
            yield row
        behind = continuation(response)
        if not behind:
            return


def paging(behind: str, size: int | None = None) -> dict[str, str]:
    """The headers that ask for a page; without a size, of as many rows as the hub likes."""
    asked = {CONTINUATION: behind, MAX_ITEMS: "" if size is None else str(size)}
    return {name: text for name, text in asked.items() if text}


def continuation(response: Response) -> str:
    """What to continue with; empty after the last page."""
    return response.headers.get(CONTINUATION, "")


def rows_in(response: Response) -> list[JsonObject]:
    """The objects of the array; ServiceError if the body is no array."""
    rows = parsed(response)
    if not isinstance(rows, list):
        raise refusal(response)
    return [row for row in rows if is_object(row)]


def refusal(response: Response) -> ServiceError:
    """The error that a hub tells: ``ErrorCode:NAME;text`` in the Message, and NAME in a header.

    What went wrong on the way to a device has JSON in its Message instead.
    """
    document = parsed(response)
    message = str(document.get("Message", "")) if is_object(document) else ""
    head, found, text = message.partition(";")
    code = response.headers.get("iothub-errorcode", head.removeprefix("ErrorCode:"))
    if message.startswith("{"):
        text = _routed(message)
    elif not found:
        text = message
    return ServiceError(response.status, code or "Unknown", text)


def _routed(message: str) -> str:
    """What a Message that is JSON tells."""
    try:
        told: JsonValue = json.loads(message)
    except ValueError:
        return message
    return str(told.get("message", "")) if is_object(told) else message
