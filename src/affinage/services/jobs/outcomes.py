"""What became of a job's targets, one by one; and each as a row of `devices.jobs`.

Source: JOB-20 to JOB-22.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from affinage.domain.errors import AffinageError
from affinage.domain.jobs import Job
from affinage.domain.method import MethodResult
from affinage.domain.moments import Millis, iso
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import UNDEFINED, Path, Undefined
from affinage.domain.row import walk
from affinage.domain.values import JsonObject, JsonValue


class Fate(StrEnum):
    """Of one target; the job itself is `cancelled` with two l, a target with one."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class Outcome(Struct, frozen=True, array_like=True, gc=False):
    """Of one target, from its beginning on."""

    device: str
    module: str | None
    fate: Fate
    begun_at: Millis
    ended_at: Millis | None = None
    error: tuple[str, str] | None = None
    """A code and a text."""
    result: tuple[int, Any] | None = None
    """The status and the payload of a device's answer."""

    @property
    def key(self) -> TwinKey:
        return TwinKey(self.device, self.module)


def begun(key: TwinKey, at: Millis) -> Outcome:
    return Outcome(key.device, key.module, Fate.RUNNING, at)


def ended(one: Outcome, error: AffinageError | None, at: Millis) -> Outcome:
    """It is done, or failed with ``error``."""
    told = None if error is None else (error.code, str(error))
    fate = Fate.COMPLETED if error is None else Fate.FAILED
    return Outcome(one.device, one.module, fate, one.begun_at, at, told)


def answered(one: Outcome, result: MethodResult, at: Millis) -> Outcome:
    """The device has answered, whatever it said."""
    told = (result.status, result.payload)
    return Outcome(one.device, one.module, Fate.COMPLETED, one.begun_at, at, None, told)


class JobRow(Struct, frozen=True, gc=False):
    """A row of `devices.jobs`; ``outcome`` is None while its target's turn has not come."""

    job: Job
    number: int
    key: TwinKey
    outcome: Outcome | None = None

    @property
    def place(self) -> TwinKey:
        """Where it stands among all rows: the job's id and the number, spelled as a key is."""
        return TwinKey(self.job.id, str(self.number))

    def lookup(self, path: Path) -> JsonValue | Undefined:
        """What the path names in this row, or UNDEFINED."""
        root, *rest = path
        member = _MEMBERS.get(str(root))
        return UNDEFINED if member is None else walk(member(self), rest)

    def document(self) -> JsonObject:
        """The whole row, as `SELECT *` shows it."""
        shown = {name: member(self) for name, member in _MEMBERS.items()}
        return {name: value for name, value in shown.items() if value is not UNDEFINED}


def _fate(row: JobRow) -> str:
    if row.outcome is not None:
        return str(row.outcome.fate)
    return str(Fate.CANCELED if row.job.status.is_end else Fate.PENDING)


def _begun_at(row: JobRow) -> Any:
    return iso(row.outcome.begun_at) if row.outcome else UNDEFINED


def _ended_at(row: JobRow) -> Any:
    known = row.outcome is not None and row.outcome.ended_at is not None
    return iso(row.outcome.ended_at) if known and row.outcome else UNDEFINED


def _updated_at(row: JobRow) -> str:
    one, job = row.outcome, row.job
    return iso((one.ended_at or one.begun_at) if one else job.begun_at or job.created_at)


def _result(row: JobRow) -> JsonObject:
    result = row.outcome.result if row.outcome else None
    told = None if result is None else {"status": result[0], "payload": result[1]}
    return {"deviceMethodResponse": told}


def _error(row: JobRow) -> Any:
    if row.outcome is None or row.outcome.error is None:
        return UNDEFINED
    code, text = row.outcome.error
    return {"code": code, "description": text}


_MEMBERS: Final[dict[str, Callable[[JobRow], Any]]] = {
    "deviceId": lambda row: row.key.device,
    "moduleId": lambda row: row.key.module or UNDEFINED,
    "jobId": lambda row: row.job.id,
    "jobType": lambda row: str(row.job.kind),
    "status": _fate,
    "startTimeUtc": _begun_at,
    "endTimeUtc": _ended_at,
    "createdDateTimeUtc": lambda row: iso(row.job.created_at),
    "lastUpdatedDateTimeUtc": _updated_at,
    "outcome": _result,
    "error": _error,
}
"""Every member, in the order in which the wire shows them; UNDEFINED ones are left out."""
