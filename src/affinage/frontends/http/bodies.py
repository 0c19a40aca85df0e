"""The bodies of requests: never read further than their limit, and JSON or refused.

Source: SERVICE-14 to SERVICE-16.
"""

from typing import Final

import msgspec
from starlette.requests import Request

from affinage.domain.errors import BodyTooLarge, Malformed, NotJson
from affinage.domain.values import JsonObject, JsonValue, is_object

MAX_BODY: Final = 256 * 1024
"""Bytes."""

MAX_NESTING: Final = 64
"""Objects and arrays within each other: a twin's section and what it lies in need less than 20."""

MAX_BITS: Final = 63
"""Of a whole number, beside its sign: what other programs read one as, and what a row holds."""

_DECODER: Final = msgspec.json.Decoder()


async def read_object(request: Request, limit: int = MAX_BODY) -> JsonObject:
    """The body, a JSON object; otherwise as `read_json`.

    Raises:
        Malformed: it is something else.
    """
    body = await read_json(request, limit)
    if not is_object(body):
        raise Malformed("the body must be a JSON object")
    return body


async def read_json(request: Request, limit: int = MAX_BODY) -> JsonValue:
    """The body.

    Raises:
        BodyTooLarge: more than ``limit`` bytes; no more than those have been read.
        NotJson: it is not JSON, has numbers that no machine has, or is nested more than
            MAX_NESTING times.
    """
    return decode(await read_bytes(request, limit))


async def read_bytes(request: Request, limit: int) -> bytes:
    """The body as it is; BodyTooLarge: no more than ``limit`` bytes have been read."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > len(str(limit)) or int(declared) > limit):
        raise BodyTooLarge(f"a body of {declared[:20]} of {limit} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(f"a body of {len(body)} or more of {limit} bytes")
    return bytes(body)


def decode(body: bytes) -> JsonValue:
    """Bytes as JSON; NotJson."""
    try:
        value: JsonValue = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotJson(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise NotJson(f"the body is nested more than {MAX_NESTING} times") from None
    _check(value)
    return value


def _check(value: JsonValue) -> None:
    """Level by level: what is too deep for recursion is not looked for by recursion."""
    level, depth = [value], 0
    while level:
        if depth > MAX_NESTING:
            raise NotJson(f"the body is nested more than {MAX_NESTING} times")
        if any(isinstance(one, int) and one.bit_length() > MAX_BITS for one in level):
            raise NotJson(f"the body has a whole number of more than {MAX_BITS} bits")
        level = [inner for outer in level for inner in _inner(outer)]
        depth += 1


def _inner(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
