"""`If-Match`: what of a thing its writer wants to have seen.

Clients do not agree on quotes, so all are read: `"abc"`, `abc`, `W/"abc"`, and lists of them.

Source: SERVICE-10 to SERVICE-13.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from starlette.requests import Request

from affinage.domain.errors import EtagMismatch, Invalid
from affinage.domain.etags import ANY
from affinage.frontends.http.openapi import Parameter

IF_MATCH: Final = Parameter(
    "If-Match",
    "The etag that the thing must have; * is any. Without it a PUT creates.",
    {"type": "string"},
    where="header",
)

MAX_ETAGS: Final = 10
"""Etags in one `If-Match`: each is a try of its own."""

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Write(Protocol[Result_co]):
    """What a service does to one thing, all but the etag given."""

    def __call__(self, *, if_match: str | None) -> Awaitable[Result_co]: ...


def if_match(request: Request) -> list[str]:
    """The etags of which one must be the thing's; ANY alone if that is among them.

    Returns:
        Nothing if the header is absent or names none: a PUT then creates, anything else writes
        over what is there.

    Raises:
        Invalid: more than MAX_ETAGS.
    """
    parts = ",".join(request.headers.getlist("if-match")).split(",")
    etags = [etag for part in parts if (etag := unquoted(part))]
    if len(etags) > MAX_ETAGS:
        raise Invalid(f"If-Match has {len(etags)} of {MAX_ETAGS} etags")
    return [ANY] if ANY in etags else etags


def unquoted(text: str) -> str:
    """One etag without what is around it; empty if there is nothing in it."""
    return text.strip().removeprefix("W/").strip('"')


def quoted(etag: object) -> str:
    return f'"{etag}"'


async def guarded(request: Request, write: Write[Result]) -> Result:
    """Write if one of the request's etags is the thing's; a try that does not match does nothing.

    Raises:
        EtagMismatch: none of them is. Nothing has changed.
    """
    etags: list[str | None] = [*if_match(request)]
    *others, last = etags or [None]
    for etag in others:
        with suppress(EtagMismatch):
            return await write(if_match=etag)
    return await write(if_match=last)
