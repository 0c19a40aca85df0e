"""A scheduled job: one twin update, or one direct method, for every twin that meets a condition.

Decided here: what a request may ask for, through which states a job goes, and how it is shown. Not
here: who its targets are, and what becomes of each.

Source: docs/spec/jobs.md.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from affinage.domain import twin as twins
from affinage.domain.conditions import is_of_modules
from affinage.domain.errors import Invalid, Malformed, Missing, QuerySyntaxError
from affinage.domain.etags import ANY
from affinage.domain.method import MethodRequest, requested
from affinage.domain.moments import Millis, iso, millis
from affinage.domain.names import TwinKey
from affinage.domain.query.parse import parse_query
from affinage.domain.query.syntax import Collection, Expr
from affinage.domain.values import JsonObject, JsonValue, is_object

MAX_CONDITION: Final = 8_192
"""Characters."""

MAX_EXECUTION_S: Final = 30 * 24 * 3600
EXECUTION_S: Final = 3_600
"""Seconds that a job may run where nothing is said."""

EVERYTHING: Final = "*"
"""As a condition: it is met by every device."""


class Kind(StrEnum):
    UPDATE_TWIN = "scheduleUpdateTwin"
    METHOD = "scheduleDeviceMethod"


class Status(StrEnum):
    QUEUED = "queued"
    """It could begin, and waits for its turn."""
    SCHEDULED = "scheduled"
    """Its time has not come."""
    RUNNING = "running"
    COMPLETED = "completed"
    """All targets were tried, whatever became of each."""
    FAILED = "failed"
    """It took too long, or could not be carried out at all."""
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Event(StrEnum):
    DUE = "due"
    BEGUN = "begun"
    DONE = "done"
    LATE = "late"
    BROKEN = "broken"
    CANCELLED = "cancelled"


_STEPS: Final = {
    (Status.SCHEDULED, Event.DUE): Status.QUEUED,
    (Status.SCHEDULED, Event.CANCELLED): Status.CANCELLED,
    (Status.QUEUED, Event.BEGUN): Status.RUNNING,
    (Status.QUEUED, Event.BROKEN): Status.FAILED,
    (Status.QUEUED, Event.CANCELLED): Status.CANCELLED,
    (Status.RUNNING, Event.DONE): Status.COMPLETED,
    (Status.RUNNING, Event.LATE): Status.FAILED,
    (Status.RUNNING, Event.BROKEN): Status.FAILED,
    (Status.RUNNING, Event.CANCELLED): Status.CANCELLED,
}


class Job(Struct, frozen=True, array_like=True):
    """A job, without its targets."""

    id: str
    kind: Kind
    condition: str
    """As it came: empty or `*` is every twin."""
    document: dict[str, Any]
    """`updateTwin` or `cloudToDeviceMethod`, as it came."""
    created_at: Millis
    start_at: Millis
    max_s: int
    status: Status
    begun_at: Millis | None = None
    ended_at: Millis | None = None
    failure: str | None = None
    targets: int = 0
    """How many there were when it began."""
    cursor: int = 0
    """All targets up to this number have been begun, or are gone."""
    succeeded: int = 0
    failed: int = 0

    @property
    def collection(self) -> Collection:
        return Collection.MODULES if is_of_modules(self.condition) else Collection.DEVICES

    @property
    def target_condition(self) -> Expr | None:
        """The condition's tree; None for every twin."""
        return _parsed(self.condition)

    @property
    def deadline(self) -> Millis | None:
        """When it fails, if it is still running; None before it has begun."""
        return None if self.begun_at is None else self.begun_at + 1000 * self.max_s

    @property
    def patch(self) -> twins.TwinPatch:
        """What it writes into twins."""
        return twins.patch_of(self.document)

    @property
    def if_match(self) -> str | None:
        """The etag that a twin must have to be written; None for any."""
        etag = str(self.document.get("etag") or ANY).strip('"')
        return None if etag == ANY else etag

    @property
    def method(self) -> MethodRequest:
        return requested(self.document)


def created(job_id: str, body: JsonObject, *, at: Millis) -> Job:
    """The job that a request asks for.

    Raises:
        Missing, Malformed, Invalid, TooLarge: what the message says.

    Source: JOB-1 to JOB-6.
    """
    if body.get("jobId") not in (None, job_id):
        raise Invalid(f"jobId in the body is {str(body['jobId'])[:128]!r}, in the path {job_id!r}")
    kind = _kind(body.get("type"))
    start_at = _start(body.get("startTime"), at)
    job = Job(
        id=job_id,
        kind=kind,
        condition=_condition(body.get("queryCondition")),
        document=_document(body, _DOCUMENTS[kind]),
        created_at=at,
        start_at=start_at,
        max_s=_seconds(body.get("maxExecutionTimeInSeconds")),
        status=Status.SCHEDULED if start_at > at else Status.QUEUED,
    )
    _check(job, at)
    return job


def step(job: Job, event: Event, *, at: Millis, failure: str | None = None) -> Job:
    """The job after an event.

    Raises:
        Invalid: nothing like that can happen to it now. It is as it was.

    Source: JOB-7.
    """
    following = _STEPS.get((job.status, event))
    if following is None:
        raise Invalid(f"job {job.id} is {job.status}: it cannot be {event}")
    return replace(
        job,
        status=following,
        begun_at=at if event is Event.BEGUN else job.begun_at,
        ended_at=at if following.is_end else None,
        failure=failure,
    )


def document(job: Job, *, running: int = 0) -> JsonObject:
    """The job as the service API shows it; ``running`` targets are under way.

    Source: JOB-8.
    """
    shown: JsonObject = {
        "jobId": job.id,
        "type": str(job.kind),
        "status": str(job.status),
        "queryCondition": job.condition,
        "createdTime": iso(job.created_at),
        "startTime": iso(job.start_at),
        "endTime": None if job.ended_at is None else iso(job.ended_at),
        "maxExecutionTimeInSeconds": job.max_s,
        _DOCUMENTS[job.kind]: job.document,
        "failureReason": job.failure,
        "statusMessage": None,
    }
    if job.begun_at is not None:
        shown["deviceJobStatistics"] = {
            "deviceCount": job.targets,
            "failedCount": job.failed,
            "succeededCount": job.succeeded,
            "runningCount": running,
            "pendingCount": job.targets - job.failed - job.succeeded - running,
        }
    return shown


_DOCUMENTS: Final = {Kind.UPDATE_TWIN: "updateTwin", Kind.METHOD: "cloudToDeviceMethod"}
_KINDS: Final = {kind.lower(): kind for kind in Kind} | {
    "scheduletwinupdate": Kind.UPDATE_TWIN  # as older documents have it
}


def _kind(given: JsonValue) -> Kind:
    if given is None:
        raise Missing("type is missing")
    if (found := _KINDS.get(str(given).lower())) is None:
        raise Invalid(f"type {str(given)[:40]!r} is none of {', '.join(Kind)}")
    return found


def _condition(given: JsonValue) -> str:
    if not isinstance(given, str | None):
        raise Malformed("queryCondition must be a string")
    text = (given or "").strip()
    if len(text) > MAX_CONDITION:
        raise Invalid(f"queryCondition has {len(text)} of {MAX_CONDITION} characters")
    try:
        _parsed(text)
    except QuerySyntaxError as error:
        raise Invalid(f"queryCondition: {error}") from None
    return text


def _parsed(text: str) -> Expr | None:
    if text in ("", EVERYTHING):
        return None
    start = "SELECT *" if is_of_modules(text) else "SELECT * FROM devices WHERE"
    return parse_query(f"{start} {text}").condition


def _document(body: JsonObject, name: str) -> JsonObject:
    found = body.get(name)
    if found is None:
        raise Missing(f"{name} is missing")
    if not is_object(found):
        raise Malformed(f"{name} must be an object")
    return found


def _start(given: JsonValue, at: Millis) -> Millis:
    """A moment; now where it is absent, empty or past."""
    if not given:
        return at
    if not isinstance(given, str):
        raise Malformed("startTime must be a string")
    try:
        moment = datetime.fromisoformat(given)
        asked = millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise Malformed(f"startTime {given[:40]!r} is no ISO 8601 moment") from None
    return max(asked, at)


def _seconds(given: JsonValue) -> int:
    if given is None:
        return EXECUTION_S
    if not isinstance(given, int) or isinstance(given, bool):
        raise Malformed("maxExecutionTimeInSeconds must be a whole number")
    if not 1 <= given <= MAX_EXECUTION_S:
        raise Invalid(f"maxExecutionTimeInSeconds {given} is outside 1…{MAX_EXECUTION_S}")
    return given


def _check(job: Job, at: Millis) -> None:
    """Refuse now what every target would refuse."""
    if job.kind is Kind.METHOD:
        requested(job.document)
    else:
        nobody = TwinKey("a target")
        twins.patch(nobody, twins.new_twin(at), job.patch, at=at)
