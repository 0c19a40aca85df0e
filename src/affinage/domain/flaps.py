"""Memberships that come and go by themselves: counted, and frozen before they wear a flash out.

A membership is a device or a module under a configuration. It flips when it ends because its
condition is met no longer, and when it begins again; that a configuration came or was edited is
no flip. Decides when one stays as it is though its condition says otherwise, and nothing else.
"""

from collections.abc import Mapping
from typing import Final

from affinage.domain.device import Flips
from affinage.domain.moments import Millis
from affinage.domain.rulebook import Rule, Rulebook

MAX_FLIPS: Final = 3
"""How often a membership may flip in WITHIN; the next flip is not made."""

WITHIN: Final[Millis] = 60 * 60 * 1000
"""What flips are counted over, and for how long a membership is then frozen."""


def membership(configuration: str, module: str | None) -> str:
    """The name of a membership in `Device.flips`; ids have no spaces."""
    return configuration if module is None else f"{configuration} {module}"


class Flaps:
    """The flips of one device in one run.

    Source: RECONCILE-29 to RECONCILE-32.
    """

    def __init__(self, known: Mapping[str, Flips], edited: str | None, at: Millis) -> None:
        """``edited`` is the configuration that a sweep asks for: what it changes is no flip."""
        self._known, self._edited, self._at = known, edited, at
        self._new: dict[str, Flips] = {}

    def stays(self, rule: Rule, module: str | None, *, was: bool) -> bool:
        """Whether a membership stays though its condition ends or begins it; counts a flip."""
        if rule.id == self._edited:
            return False
        name = membership(rule.id, module)
        record = self._known.get(name)
        if record is None or not _is_of(record, rule) or _is_over(record, self._at):
            record = Flips(rule.generation, rule.configuration.etag, ())
        if record.frozen_until is not None:
            return True
        times = tuple(time for time in record.times if time > self._at - WITHIN)
        if not (was or times):
            return False  # who begins for the first time may do so
        is_too_often = len(times) >= MAX_FLIPS
        self._new[name] = Flips(
            record.generation,
            record.etag,
            times if is_too_often else (*times, self._at),
            self._at + WITHIN if is_too_often else None,
        )
        return is_too_often

    def after(self, rulebook: Rulebook, *, is_written: bool) -> Mapping[str, Flips]:
        """What is to be remembered of them; what was known, if none flips or thaws.

        A freeze ends by time, or with the configuration that it is of. What is over otherwise is
        forgotten when the device ``is_written`` anyway.
        """
        if not (self._new or self._known):
            return self._known
        kept = {
            name: record
            for name, record in self._known.items()
            if not _is_over(record, self._at) and _is_current(name, record, rulebook)
        }
        thaws = len(frozen(kept)) < len(frozen(self._known))
        return kept | self._new if is_written or self._new or thaws else self._known


def frozen(flips: Mapping[str, Flips]) -> list[str]:
    """The memberships that are frozen."""
    return [name for name, record in flips.items() if record.frozen_until is not None]


def next_thaw(flips: Mapping[str, Flips]) -> Millis | None:
    """When a device must be reconciled again, since a membership thaws; None for never.

    Source: RECONCILE-31.
    """
    untils = (record.frozen_until for record in flips.values())
    return min((until for until in untils if until is not None), default=None)


def _is_over(record: Flips, at: Millis) -> bool:
    if record.frozen_until is not None:
        return record.frozen_until <= at
    return record.times[-1] <= at - WITHIN


def _is_current(name: str, record: Flips, rulebook: Rulebook) -> bool:
    rule = rulebook.rules.get(name.partition(" ")[0])
    return rule is not None and rule.in_force and _is_of(record, rule)


def _is_of(record: Flips, rule: Rule) -> bool:
    return (record.generation, record.etag) == (rule.generation, rule.configuration.etag)
