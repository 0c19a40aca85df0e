"""Which paths are needed: who holds them, and when the others were last asked for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from affinage.domain.query.syntax import Collection, Path

Place: TypeAlias = tuple[Collection, Path]
"""A path in the rows of a collection."""


class Uses:
    def __init__(self) -> None:
        self._used_at: dict[Place, float] = {}
        """Of those that nobody holds, in this order: the longest unused first."""
        self._holders: Counter[Place] = Counter()
        self._held: dict[str, frozenset[Place]] = {}

    def use(self, place: Place, at: float) -> None:
        """Somebody asks for it now."""
        if not self._holders[place]:
            self._used_at.pop(place, None)
            self._used_at[place] = at

    def hold(self, holder: str, places: Iterable[Place]) -> list[Place]:
        """Let a holder need these, and no longer what it held before; what nobody holds now."""
        held, before = frozenset(places), self._held.pop(holder, frozenset())
        if held:
            self._held[holder] = held
        self._holders.update(held - before)
        self._holders.subtract(before - held)
        for place in held - before:
            self.forget(place)
        return [place for place in before - held if not self._holders[place]]

    def forget(self, place: Place) -> None:
        """Nobody need ask for it: it is held, or is there no more."""
        self._used_at.pop(place, None)

    def unused_since(self, moment: float) -> Iterator[Place]:
        """Those that nobody holds or has asked for since, the longest unused first."""
        for place, used_at in self._used_at.items():
            if used_at > moment:
                return
            yield place
