"""A direct method: what is asked of a device that is connected, and what it answers.

Decided here: what may be asked, and what counts as an answer. Not here: who is connected.

Source: docs/spec/methods.md.
"""

import re
from typing import Final

import msgspec
from msgspec import Struct

from affinage.domain.errors import BadAnswer, Invalid, Malformed, Missing, TooLarge
from affinage.domain.values import JsonObject, JsonValue

MAX_NAME: Final = 100
"""Characters."""

MAX_PAYLOAD: Final = 131_072
"""Bytes of JSON, each way."""

MIN_RESPONSE_S: Final = 5
MAX_RESPONSE_S: Final = 300
"""Seconds that a device may be given to answer."""

MAX_CONNECT_S: Final = 300
"""Seconds that a device may be waited for."""

_NAME: Final = re.compile(r"[A-Za-z0-9_$.*\-]+")


class MethodRequest(Struct, frozen=True):
    """What is asked; `requested` checks it."""

    name: str
    payload: bytes = b"null"
    """JSON: some clients cannot read an empty one."""
    response_timeout_s: int = 30
    connect_timeout_s: int = 0


class MethodResult(Struct, frozen=True):
    """What the device answered; its status is whatever integer it chose."""

    status: int
    payload: JsonValue = None


def requested(body: JsonObject) -> MethodRequest:
    """Read what clients send to have a method run.

    Raises:
        Missing: it names no method.
        Malformed: a member is not of its type.
        Invalid, TooLarge: the name, a timeout or the payload is beyond its limits.

    Source: METHOD-1 to METHOD-3.
    """
    return MethodRequest(
        _name(body.get("methodName")),
        _payload(body.get("payload")),
        _seconds(body, "responseTimeoutInSeconds", 30, (MIN_RESPONSE_S, MAX_RESPONSE_S)),
        _seconds(body, "connectTimeoutInSeconds", 0, (0, MAX_CONNECT_S)),
    )


def answered(status: int, payload: bytes) -> MethodResult:
    """What a device's answer says; without a payload it is null.

    Raises:
        BadAnswer: the payload is not JSON, or longer than MAX_PAYLOAD.

    Source: METHOD-4, METHOD-9.
    """
    if len(payload) > MAX_PAYLOAD:
        raise BadAnswer(f"the device answered with {len(payload)} of {MAX_PAYLOAD} bytes")
    try:
        value: JsonValue = msgspec.json.decode(payload) if payload.strip() else None
        msgspec.json.encode(value)  # what is too deep to be told again is refused here
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadAnswer(f"the device answered with what is not JSON: {error}") from None
    return MethodResult(status, value)


def _name(value: JsonValue) -> str:
    if value is None:
        raise Missing("methodName is missing")
    if not isinstance(value, str):
        raise Malformed("methodName must be a string")
    if len(value) > MAX_NAME:
        raise Invalid(f"methodName has {len(value)} of {MAX_NAME} characters")
    if not _NAME.fullmatch(value):
        raise Invalid(f"{value!r} is no name of a method: it may hold letters, digits, _ $ . * -")
    return value


def _payload(value: JsonValue) -> bytes:
    payload = msgspec.json.encode(value)
    if len(payload) > MAX_PAYLOAD:
        raise TooLarge(f"the method's payload has {len(payload)} of {MAX_PAYLOAD} bytes")
    return payload


def _seconds(body: JsonObject, name: str, default: int, limits: tuple[int, int]) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{name} must be a whole number of seconds")
    least, most = limits
    if not least <= value <= most:
        raise Invalid(f"{name} is {value}: it must be from {least} to {most}")
    return value
