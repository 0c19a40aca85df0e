"""Which devices must be looked at again though nobody writes to them: when, and why.

Follows the committed devices, as the rest of the memory does; asking for what is due costs what
is due, whatever waits. Decides nothing about how much is done at once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from heapq import heapify, heappop, heappush
from itertools import chain, count
from typing import Final

from pyroaring import BitMap

from affinage.domain.device import Device, Dirty
from affinage.domain.edge import next_leaving
from affinage.domain.flaps import next_thaw
from affinage.domain.moments import Millis

_SPARE: Final = 64
"""Outdated entries that a heap may have beside as many as there are true ones."""


class Reason(StrEnum):
    """Why a device is pending; the lists behind the figures are of these."""

    FAILED = "failed"
    """Reconciling it raised."""
    WAITING = "waiting"
    """It waits for a token."""
    FROZEN = "frozen"
    """A membership flipped too often."""
    DRIFTED = "drifted"
    """Somebody wrote over a path in force."""
    LEAVING = "leaving"
    """A module leaves when its grace is over."""


class Timetable:
    """Numbers by a moment each; the earliest is found without looking at the others."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[Millis, int]] = {}
        """A number's moment, and which of its entries in the heap is the true one."""
        self._heap: list[tuple[Millis, int, int]] = []
        self._count = count()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, number: int, time: Millis) -> None:
        """Set its moment, whatever it was."""
        entry = self._entries[number] = (time, next(self._count))
        heappush(self._heap, (*entry, number))
        if len(self._heap) > 2 * len(self._entries) + _SPARE:
            self._heap = [(*entry, number) for number, entry in self._entries.items()]
            heapify(self._heap)

    def drop(self, number: int) -> None:
        self._entries.pop(number, None)

    def due(self, at: Millis) -> Iterator[int]:
        """Take out, one by one, whose moment has come, the earliest first; see `restore`."""
        while self._heap and self._heap[0][0] <= at:
            time, entry, number = heappop(self._heap)
            if self._entries.get(number) == (time, entry):
                yield number

    def restore(self, number: int) -> None:
        """Have a number that was taken out come again, if it still has its moment."""
        if (entry := self._entries.get(number)) is not None:
            self.put(number, entry[0])


class Pending:
    """All devices with something due, now or later."""

    def __init__(self, site_of: Callable[[Device], str | None] = lambda _: None) -> None:
        self._site_of = site_of
        self.numbers = {reason: BitMap() for reason in Reason}
        self._dirty: dict[str | None, Timetable] = {}
        """By site, the one whose turn it is first, so that one with many keeps no other waiting."""
        self._sites: dict[int, str | None] = {}
        """Where a dirty device's number is."""
        self.thaws = Timetable()
        self.drifts = Timetable()
        """By when the drift began."""
        self.leavers = Timetable()

    @property
    def dirty(self) -> BitMap:
        """Devices that are not as their configurations want them."""
        return self.numbers[Reason.FAILED] | self.numbers[Reason.WAITING]

    @property
    def held(self) -> BitMap:
        """Devices that may carry other configurations than they should."""
        return self.dirty | self.numbers[Reason.FROZEN]

    def enter(self, device: Device) -> None:
        """Follow a device that is new, or has become this; cheap for one with nothing pending."""
        if device.dirty is not None:
            self._enter_dirty(device.number, device.dirty, self._site_of(device))
        if device.flips and (thaws_at := next_thaw(device.flips)) is not None:
            self._enter(Reason.FROZEN, self.thaws, device.number, thaws_at)
        if device.drifted_at is not None:
            self._enter(Reason.DRIFTED, self.drifts, device.number, device.drifted_at)
        if device.modules and (leaves_at := next_leaving(device)) is not None:
            self._enter(Reason.LEAVING, self.leavers, device.number, leaves_at)

    def forget(self, old: Device) -> None:
        """Undo `enter`."""
        if old.dirty is not None:
            self._forget_dirty(old.number)
        if old.flips:
            self._forget(Reason.FROZEN, self.thaws, old.number)
        if old.drifted_at is not None:
            self._forget(Reason.DRIFTED, self.drifts, old.number)
        if old.modules:
            self._forget(Reason.LEAVING, self.leavers, old.number)

    def due_dirty(self, at: Millis, admits: Callable[[str | None], bool]) -> Iterator[int]:
        """Take out dirty devices that are due: one of each site in turn.

        Args:
            at: now.
            admits: asked before each; a site that it refuses is left out from then on.
        """
        turns = deque((site, timetable.due(at)) for site, timetable in [*self._dirty.items()])
        while turns:
            site, due = turns.popleft()
            if admits(site) and (number := next(due, None)) is not None:
                self._dirty[site] = self._dirty.pop(site)  # the others come first, also next time
                turns.append((site, due))
                yield number

    def due_others(
        self, at: Millis, drifted_before: Millis, admits: Callable[[str | None], bool]
    ) -> Iterator[int]:
        """Take out devices whose thaw, correction or leaving is due, dirty ones left out."""
        due = chain(self.thaws.due(at), self.drifts.due(drifted_before), self.leavers.due(at))
        while admits(None) and (number := next(due, None)) is not None:
            if number not in self._sites:
                yield number

    def among(self, numbers: Iterable[int]) -> list[int]:
        """Those of the numbers that are pending."""
        some = self.numbers.values()
        return [number for number in numbers if any(number in devices for devices in some)]

    def restore(self, numbers: Iterable[int]) -> None:
        """Have devices that were taken out come again, those that are still pending."""
        for number in numbers:
            if number in self._sites:
                self._dirty[self._sites[number]].restore(number)
            for table in self.thaws, self.drifts, self.leavers:
                table.restore(number)

    def _enter(self, reason: Reason, table: Timetable, number: int, time: Millis) -> None:
        self.numbers[reason].add(number)
        table.put(number, time)

    def _forget(self, reason: Reason, table: Timetable, number: int) -> None:
        self.numbers[reason].discard(number)
        table.drop(number)

    def _enter_dirty(self, number: int, dirty: Dirty, site: str | None) -> None:
        self.numbers[Reason.FAILED if dirty.error else Reason.WAITING].add(number)
        self._sites[number] = site
        self._dirty.setdefault(site, Timetable()).put(number, dirty.due)

    def _forget_dirty(self, number: int) -> None:
        for reason in Reason.FAILED, Reason.WAITING:
            self.numbers[reason].discard(number)
        site = self._sites.pop(number)
        self._dirty[site].drop(number)
        if not self._dirty[site]:
            del self._dirty[site]
