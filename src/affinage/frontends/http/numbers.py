"""Numbers that clients send as text."""

import re
from typing import Final

from starlette.requests import Request

from affinage.domain.errors import Malformed

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")


def integer(what: str, text: str) -> int:
    """A whole number; Malformed if the text is none."""
    if not _INTEGER.fullmatch(text):
        raise Malformed(f"{what} must be a whole number, not {text[:40]!r}")
    return int(text)


def natural(text: str, *, digits: int = 9) -> int | None:
    """A whole number from 0 on; None if the text is none, or has more digits than that."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= digits
    return int(text) if is_one else None


def top(request: Request) -> int | None:
    """How many of a list are wanted; None if the request does not say, or says none or fewer.

    Source: SERVICE-34.
    """
    text = request.query_params.get("top")
    wanted = integer("top", text) if text else 0
    return wanted if wanted > 0 else None
