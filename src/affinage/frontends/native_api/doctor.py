"""`/doctor`: an examination of the hub, begun and then looked at until it has ended.

Source: NATIVE-20 to NATIVE-22.
"""

from starlette.responses import Response

from affinage.domain.moments import iso
from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import json_answer
from affinage.frontends.native_api.calls import Call, Services, tagged
from affinage.services.checks.finding import Finding
from affinage.services.doctor import Examination


async def begin(services: Services, call: Call) -> Response:
    """POST nothing, to begin an examination or to join the one that is under way."""
    return json_answer(document(services.doctor.begin(by=call.by)), status=202)


async def show(services: Services, call: Call) -> Response:
    """GET the examination that is under way, or was last."""
    return tagged(call.request, document(services.doctor.latest(by=call.by)))


def document(examination: Examination) -> JsonObject:
    """An examination, as the API and the command line tell it."""
    ended_at = examination.ended_at
    return {
        "number": examination.number,
        "begunAt": iso(examination.begun_at),
        "endedAt": None if ended_at is None else iso(ended_at),
        "done": examination.progress.done,
        "total": examination.progress.total,
        "severity": str(examination.severity),
        "findings": [_finding(one) for one in examination.findings],
    }


def _finding(one: Finding) -> JsonObject:
    return {
        "check": one.check,
        "severity": str(one.severity),
        "what": one.what,
        "nextStep": one.next_step,
        "details": [*one.details],
    }
