"""`/audit`: who changed what, when, by which door.

Source: docs/spec/audit.md.
"""

from datetime import datetime

from starlette.responses import Response

from affinage.domain.errors import AuditEntryNotFound, Malformed
from affinage.domain.moments import Millis, millis
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.numbers import natural
from affinage.frontends.native_api.calls import Call, Services, tagged
from affinage.services.audit import Wanted


async def list_entries(services: Services, call: Call) -> Response:
    """GET a page of the audit log, newest first."""
    asked = call.request.query_params
    wanted = Wanted(
        actor=asked.get("actor"),
        action=asked.get("action"),
        subject=asked.get("subject"),
        since=_moment(call, "since"),
        until=_moment(call, "until"),
    )
    after = call.number("after", 0) or None
    limit = call.limit
    page = await services.audit.page(wanted, before=after, limit=limit, by=call.by)
    anchor = {"number": page.anchor.number, "hash": page.anchor.hash}
    following = None if page.next is None else str(page.next)
    return json_answer({"entries": page.entries, "next": following, "anchor": anchor})


async def show(services: Services, call: Call) -> Response:
    """GET one entry of the audit log."""
    text = call.segment("number")
    entry = await services.audit.get(natural(text, digits=_DIGITS) or 0, by=call.by)
    if entry is None:
        raise AuditEntryNotFound(f"the audit log has no entry {text[:40]!r}")
    return tagged(call.request, entry)


_DIGITS = 18


def _moment(call: Call, name: str) -> Millis | None:
    text = call.request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return millis(moment)
    except (ValueError, TypeError, OverflowError):  # a TypeError is of one without a zone
        raise Malformed(
            f"{name} must be a moment as 2025-01-31T00:00:00Z, not {text[:40]!r}"
        ) from None
