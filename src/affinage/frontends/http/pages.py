"""Pages of rows, as headers ask for them and tell how to ask for the next one.

Source: SERVICE-62, SERVICE-63, PROV-24.
"""

import base64
import binascii
from typing import Final

from starlette.requests import Request

from affinage.domain.errors import Invalid
from affinage.frontends.http.numbers import integer
from affinage.frontends.http.openapi import Parameter

MAX_ITEMS: Final = "x-ms-max-item-count"
CONTINUATION: Final = "x-ms-continuation"
ITEM_TYPE: Final = "x-ms-item-type"

PAGING: Final = (
    Parameter(
        MAX_ITEMS, "How many rows a page may have.", {"type": "integer", "minimum": 1}, "header"
    ),
    Parameter(
        CONTINUATION,
        "The page behind another: the header of that name in its answer.",
        {"type": "string"},
        "header",
    ),
)
"""As OpenAPI documents tell it."""

AS_MANY_AS_YOU_LIKE: Final = -1
"""What some clients send as the size of a page."""


def page_size(request: Request, default: int) -> int:
    """How many rows the request wants; Malformed if it does not say a number."""
    given = request.headers.get(MAX_ITEMS)
    size = integer(MAX_ITEMS, given) if given else AS_MANY_AS_YOU_LIKE
    return default if size == AS_MANY_AS_YOU_LIKE else size


def continuation(request: Request) -> str | None:
    """What the page before said of the next one; None for the first page."""
    return request.headers.get(CONTINUATION) or None


def page_headers(item_type: str, following: str | None) -> dict[str, str]:
    """What the rows of a page are, and the continuation of the next one, if there is one."""
    headers = {ITEM_TYPE: item_type}
    if following:
        headers[CONTINUATION] = following
    return headers


def token_of(last: str | None) -> str | None:
    """The continuation behind the row of that id; None of None."""
    return None if last is None else base64.urlsafe_b64encode(last.encode()).decode()


def last_in(token: str | None) -> str | None:
    """The id that a continuation was made of; Invalid if it was made of none.

    Nothing is learned by making such a token up: it only says where to go on.
    """
    if not token:
        return None
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Invalid("the continuation token is none of this hub's") from None
