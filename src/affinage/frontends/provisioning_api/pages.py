"""Pages of enrollments and registrations: what was asked for, and how to ask for the next one.

Source: docs/spec/provisioning.md, PROV-24, PROV-28.
"""

import re
from typing import Final, NamedTuple

from starlette.responses import Response

from affinage.domain.errors import Invalid, Missing
from affinage.domain.members import member_text
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.pages import MAX_ITEMS, continuation, page_headers, page_size
from affinage.frontends.provisioning_api.calls import Call
from affinage.services.pages import Page
from affinage.services.provisioning.enrollments import MAX_PAGE

_QUERY: Final = re.compile(
    r"\s*SELECT\s+\*\s*(?:FROM\s+(?P<table>enrollments|enrollmentGroups)\s*)?", re.IGNORECASE
)


class Asked(NamedTuple):
    after: str | None
    limit: int


async def asked(call: Call) -> Asked:
    """A page of a query: it must be SELECT * of what the path names.

    Raises:
        Missing, Malformed, Invalid: there is none, or another.
    """
    text = member_text(await read_object(call.request), "query")
    if text is None:
        raise Missing("query is missing")
    found = _QUERY.fullmatch(text)
    there = "enrollmentGroups" if call.of_groups else "enrollments"
    if found is None or (found["table"] or there).lower() != there.lower():
        raise Invalid(f"a query here asks for everything: SELECT * of {there}")
    return wanted(call)


def wanted(call: Call) -> Asked:
    """As the headers of the request have it; Malformed if the size is no number."""
    return Asked(continuation(call.request), page_size(call.request, MAX_PAGE))


def answer(page: Page, of: Asked) -> Response:
    """The rows, and in the headers what they are."""
    headers = page_headers(page.item_type, page.continuation)
    return json_answer(page.rows, headers={**headers, MAX_ITEMS: str(min(of.limit, MAX_PAGE))})
