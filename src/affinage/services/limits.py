"""Throttles: how often each class of operation may be asked for, as the hubs of the field have it.

A class has a token bucket for the whole hub. What is refused changes nothing, and says when to try
again. The hub's own work is never throttled: what reconciling writes has a budget of its own.

Source: docs/spec/limits.md.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from affinage.domain import principal
from affinage.domain.buckets import Bucket
from affinage.domain.errors import Invalid, Throttled
from affinage.domain.principal import Principal
from affinage.ports.clock import Clock
from affinage.ports.exposition import Family, Kind, Sample


class Operation(StrEnum):
    """A class of operations that share a throttle."""

    REGISTRY = "registry"
    """Identities, each entry of a bulk request too."""
    CONNECTION = "connection"
    """New connections of devices and modules."""
    QUERY = "query"
    TWIN_READ = "twin_read"
    TWIN_UPDATE = "twin_update"
    CONFIGURATION = "configuration"
    METHOD = "method"
    """Direct methods, counted in `METHOD_METER` of what is sent to the device."""
    MESSAGE = "message"
    """Messages sent to devices and modules."""
    JOB = "job"
    """Jobs made, read and cancelled."""
    JOB_DEVICE = "job_device"
    """What jobs do, device by device."""
    ENROLLMENT = "enrollment"
    """Enrollments and registrations, of back ends."""
    REGISTRATION = "registration"
    """Registrations that devices begin."""
    TELEMETRY = "telemetry"
    """Messages that devices and modules send."""
    RECEIVE = "receive"
    """Messages that devices receive, and settle, by request."""
    UPLOAD = "upload"
    """Uploads that devices begin."""


METHOD_METER: Final = 4096
"""Bytes."""


class Rate(NamedTuple):
    """So many in so many seconds; as many may come at once."""

    amount: float
    seconds: float

    def bucket(self) -> Bucket:
        return Bucket(self.amount / self.seconds, self.amount)


Rates = Mapping[Operation, Rate]


def _s1(units: int) -> Rates:
    return {
        Operation.REGISTRY: Rate(100 * units, 60),
        Operation.CONNECTION: Rate(max(100, 12 * units), 1),
        Operation.QUERY: Rate(20 * units, 60),
        Operation.TWIN_READ: Rate(100, 1),
        Operation.TWIN_UPDATE: Rate(50, 1),
        Operation.CONFIGURATION: Rate(20 * units, 60),
        Operation.METHOD: Rate(40 * units, 1),
        Operation.MESSAGE: Rate(100 * units, 60),
        Operation.JOB: Rate(100 * units, 60),
        Operation.JOB_DEVICE: Rate(10, 1),
        Operation.ENROLLMENT: Rate(1000, 60),
        Operation.REGISTRATION: Rate(1000, 60),
        Operation.TELEMETRY: Rate(max(100, 12 * units), 1),
        Operation.RECEIVE: Rate(1000 * units, 60),
        Operation.UPLOAD: Rate(100 * units, 60),
    }


def _s2(units: int) -> Rates:
    return {
        **_s1(units),
        Operation.CONNECTION: Rate(120 * units, 1),
        Operation.TWIN_READ: Rate(max(100, 10 * units), 1),
        Operation.TWIN_UPDATE: Rate(max(50, 5 * units), 1),
        Operation.METHOD: Rate(120 * units, 1),
        Operation.JOB_DEVICE: Rate(max(10, units), 1),
        Operation.TELEMETRY: Rate(120 * units, 1),
    }


def _s3(units: int) -> Rates:
    return {
        Operation.REGISTRY: Rate(5000 * units, 60),
        Operation.CONNECTION: Rate(6000 * units, 1),
        Operation.QUERY: Rate(1000 * units, 60),
        Operation.TWIN_READ: Rate(500 * units, 1),
        Operation.TWIN_UPDATE: Rate(250 * units, 1),
        Operation.CONFIGURATION: Rate(20 * units, 60),
        Operation.METHOD: Rate(6144 * units, 1),
        Operation.MESSAGE: Rate(5000 * units, 60),
        Operation.JOB: Rate(5000 * units, 60),
        Operation.JOB_DEVICE: Rate(50 * units, 1),
        Operation.ENROLLMENT: Rate(1000, 60),
        Operation.REGISTRATION: Rate(1000, 60),
        Operation.TELEMETRY: Rate(6000 * units, 1),
        Operation.RECEIVE: Rate(50_000 * units, 60),
        Operation.UPLOAD: Rate(5000 * units, 60),
    }


OFF: Final = "off"

PRESETS: Final[Mapping[str, Callable[[int], Rates]]] = {
    OFF: lambda _: {},
    "S1": _s1,
    "S2": _s2,
    "S3": _s3,
}
"""By name: the rates of so many units. THROTTLE-2."""


def rates(preset: str, units: int = 1) -> Rates:
    """The rates of a preset; Invalid if there is none of that name, or no unit."""
    if preset not in PRESETS:
        raise Invalid(f"throttle {preset!r} is none of {', '.join(PRESETS)}")
    if units < 1:
        raise Invalid(f"throttle_units {units} is not 1 or more")
    return PRESETS[preset](units)


class Limits:
    """The throttles of one hub; without rates there are none."""

    def __init__(self, clock: Clock | None = None, table: Rates | None = None) -> None:
        """``clock`` is needed where there are rates."""
        self._clock = clock
        self._buckets = {operation: rate.bucket() for operation, rate in (table or {}).items()}
        self.throttled = dict.fromkeys(Operation, 0)
        """How many operations of each class were refused."""

    def take(self, operation: Operation, by: Principal, amount: int = 1) -> None:
        """Let an operation pass, or raise Throttled; called once who asks may do it at all.

        Source: THROTTLE-1, THROTTLE-3 to THROTTLE-5.
        """
        if not self._buckets or by.kind is principal.Kind.HUB or operation not in self._buckets:
            return
        assert self._clock is not None  # there are rates
        bucket = self._buckets[operation]
        wait_s = bucket.take(amount, self._clock.monotonic())
        if wait_s:
            self.throttled[operation] += amount
            raise Throttled(
                f"too many operations of class {operation}: of {bucket.per_s:g} a second"
                f" {amount} cannot be had for {wait_s:.1f} s",
                retry_after_s=wait_s,
            )

    def draw(self, operation: Operation, most: int) -> int:
        """Take as many tokens as there are, ``most`` at most; for who waits rather than fails."""
        if operation not in self._buckets:
            return most
        assert self._clock is not None  # there are rates
        bucket, at = self._buckets[operation], self._clock.monotonic()
        taken = min(most, int(bucket.room(at)))
        bucket.take(taken, at)
        return taken

    def reserve(self, operation: Operation) -> float:
        """The seconds until an operation is due, in its turn; for who waits rather than fails."""
        if operation not in self._buckets:
            return 0.0
        assert self._clock is not None  # there are rates
        return self._buckets[operation].reserve(self._clock.monotonic())

    def families(self) -> Iterator[Family]:
        samples = [Sample(count, (operation,)) for operation, count in self.throttled.items()]
        what = "Operations that a throttle refused, by class."
        name = "affinage_throttled_operations_total"
        yield Family(name, Kind.COUNTER, what, samples, ("operation",))


UNLIMITED: Final = Limits()
"""For who throttles nothing."""
