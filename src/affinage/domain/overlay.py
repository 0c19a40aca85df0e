"""One twin under several configurations: who wins each path, and what desired becomes.

Decides nothing about who targets the twin. What lies at no configuration's path is never touched;
what lies at a path in force belongs to the configuration that holds it, whoever wrote it last.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from msgspec.structs import replace

from affinage.domain.content import Write
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.paths import Keys, find, place, prefixes, remove
from affinage.domain.twin import Changed, DesiredChanged, Twin, write_desired
from affinage.domain.values import JsonObject, JsonValue, is_object

TARGETED: Final = "Targeted"
APPLIED: Final = "Applied"

_MAX_EDITS: Final = 100
"""Kept with a verdict: devices come to it from few others."""


class Claim(NamedTuple):
    """What one configuration that targets the twin would write to it."""

    id: str
    writes: tuple[Write, ...]
    in_force: bool = True
    """False: it is listed, and hides nothing and writes nothing."""


class Edits(NamedTuple):
    """What makes any desired agree with the winners, at and below certain paths."""

    managed: JsonObject
    vacant: tuple[Keys, ...]
    """Where nothing may lie any more."""
    placed: tuple[tuple[Keys, JsonValue], ...]


class Verdict:
    """Who wins. The same for every twin under the same configurations, so made once for them."""

    def __init__(self, statuses: dict[str, str], winners: tuple[tuple[str, Write], ...]) -> None:
        """``winners`` are configurations' ids and writes, the highest rank first."""
        self.statuses, self.winners = statuses, winners
        self.owned = {write.key: owner for owner, write in winners}
        self._edits: dict[tuple[Keys, ...], Edits] = {}

    @cached_property
    def managed(self) -> JsonObject:
        """What the winners alone make of an empty twin."""
        return compose(self.winners)

    def edits(self, touched: tuple[Keys, ...]) -> Edits:
        """What there is to do at those paths."""
        if (found := self._edits.get(touched)) is None:
            if len(self._edits) >= _MAX_EDITS:
                self._edits.clear()
            found = self._edits[touched] = edits(self.managed, touched)
        return found


def judge(claims: Iterable[Claim]) -> Verdict:
    """Give every path to the first that claims it, or a path above it.

    Args:
        claims: the one that wins comes first.

    Source: RECONCILE-4 to RECONCILE-8.
    """
    statuses: dict[str, str] = {}
    winners: list[tuple[str, Write]] = []
    taken: set[Keys] = set()
    for claim in claims:
        if not claim.writes:
            continue
        won = _unhidden(claim, taken)
        winners += ((claim.id, write) for write in won)
        statuses[claim.id] = APPLIED if won else TARGETED
        if claim.in_force:
            taken.update(write.path for write in claim.writes)
    return Verdict(statuses, tuple(winners))


def _unhidden(claim: Claim, taken: set[Keys]) -> list[Write]:
    if not claim.in_force:
        return []
    return [write for write in claim.writes if taken.isdisjoint(prefixes(write.path))]


def settle(
    key: TwinKey,
    twin: Twin,
    verdict: Verdict,
    *,
    before: Mapping[str, str | None],
    whole: bool = False,
    correct_drift: bool = False,
    at: Millis,
) -> Changed:
    """The twin as the verdict wants it: the same object if it is so already.

    Args:
        key: which twin.
        twin: as it is.
        verdict: from `judge`.
        before: as `Twin.owned`, of the paths that the verdict may take back; None as an owner
            says that a path is to be written even if it keeps its winner.
        whole: whether the winners determine all of desired, and nobody else any of it.
        correct_drift: also write paths that keep their winner.
        at: when.

    Raises:
        Invalid, TooLarge: the result would pass a limit of twins. Nothing has changed.

    Source: RECONCILE-9 to RECONCILE-16.
    """
    owned = verdict.owned
    touched = [_path(name) for name in before if name not in owned]
    touched += [
        write.path
        for owner, write in verdict.winners
        if correct_drift or before.get(write.key) != owner
    ]
    changed: Twin = twin
    events: tuple[DesiredChanged, ...] = ()
    if touched and whole:
        changed, events = write_desired(key, twin, verdict.managed, at=at, is_admitted=True)
    elif touched:
        values = rewrite(twin.desired.values, verdict.edits(tuple(touched)))
        changed, events = write_desired(key, twin, values, at=at, is_admitted=True)
    if twin.statuses != verdict.statuses or twin.owned != owned:
        changed = replace(changed, statuses=verdict.statuses, owned=owned)
    return changed, events


def compose(winners: Iterable[tuple[str, Write]]) -> JsonObject:
    """What the winners alone make of an empty twin, the lowest rank written first."""
    values: JsonObject = {}
    for _, write in reversed(tuple(winners)):
        values = place(values, write.path, write.value)
    return values


def edits(managed: JsonObject, touched: Iterable[Keys]) -> Edits:
    """What makes any values agree with ``managed`` at and below the touched paths.

    Source: RECONCILE-11 to RECONCILE-13.
    """
    regions = {_region(managed, path) for path in touched}
    topmost = sorted(path for path in regions if regions.isdisjoint(prefixes(path)[:-1]))
    found = {path: find(managed, path) for path in topmost}
    vacant = tuple(path for path, value in found.items() if value is None)
    placed = tuple((path, value) for path, value in found.items() if value is not None)
    return Edits(managed, vacant, placed)


def rewrite(values: JsonObject, edits: Edits) -> JsonObject:
    """The values edited, and nothing else in them.

    A path that holds nothing any more is removed, and so is every object above it that this
    leaves empty, unless it is managed itself.

    Source: RECONCILE-11 to RECONCILE-13.
    """
    for path in edits.vacant:
        values = _withdraw(values, edits.managed, path)
    for path, value in edits.placed:
        values = place(values, path, value)
    return values


def _region(managed: JsonObject, path: Keys) -> Keys:
    """The path, or the one above it that now holds no object for it to lie in."""
    for above in prefixes(path)[:-1]:
        if (found := find(managed, above)) is not None and not is_object(found):
            return above
    return path


def _withdraw(values: JsonObject, managed: JsonObject, path: Keys) -> JsonObject:
    if find(values, path) is None:
        return values
    values = remove(values, path)
    for above in reversed(prefixes(path)[1:-1]):
        if find(values, above) or find(managed, above) is not None:
            break
        values = remove(values, above)
    return values


def _path(dotted: str) -> Keys:
    return tuple(dotted.split(".")) if dotted else ()
