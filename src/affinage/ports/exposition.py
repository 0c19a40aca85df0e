"""What the hub shows of itself to who watches it: families of numbers, and a page of them.

The hub keeps plain figures and is asked; nothing is pushed. What a page looks like is the
adapter's. Names follow Prometheus' conventions: base units, counters end in `_total`.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeAlias

from affinage.domain.histogram import Histogram


class Kind(StrEnum):
    COUNTER = "counter"
    """Only grows, until the hub starts anew."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Sample(NamedTuple):
    value: float | Histogram
    """A histogram in a family of them, a number in the others."""
    labels: Sequence[str] = ()
    """One value for each label of the family, from a set that is known beforehand."""


class Family(NamedTuple):
    """All numbers of one name."""

    name: str
    kind: Kind
    what: str
    """For people, in one sentence."""
    samples: Sequence[Sample]
    labels: Sequence[str] = ()
    """Their names."""


class Page(NamedTuple):
    content_type: str
    body: bytes


Source: TypeAlias = Callable[[], Iterable[Family]]
"""What is asked at each look; must cost nothing that grows with the fleet."""


class Exposition(Protocol):
    async def page(self, accept: str) -> Page:
        """All numbers as they are now, in the format that ``accept`` (the header) wants most."""
        ...


def number(name: str, kind: Kind, what: str, value: float) -> Family:
    """A family of one number without labels."""
    return Family(name, kind, what, [Sample(value)])


def spread(name: str, what: str, histogram: Histogram) -> Family:
    """A family of one histogram without labels."""
    return Family(name, Kind.HISTOGRAM, what, [Sample(histogram)])
