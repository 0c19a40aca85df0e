"""Which generation a new configuration has: none is given twice, though its configuration is gone.

What a device remembers of a configuration, it remembers by id and generation.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from affinage.domain.configuration import Configuration
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet, Overlay
from affinage.services.fleet.unit import View

_HIGHEST: Final = "generation"


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The highest generation that was given."""

    generation: int


class Generations:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._highest = 0
        """Of those that are committed."""

    async def open(self) -> None:
        """Read the highest that was given; from now on, hear of every new one."""
        marks = dict(self._fleet.saved(Table.MARKS))
        if _HIGHEST in marks:
            self._highest = codec.decode(marks[_HIGHEST], Mark).generation
        self._see(self._fleet.configurations())
        self._fleet.listen(self._committed)

    def after(self, view: View) -> int:
        """One that no configuration has had, nor has in the units before this one."""
        in_view = (rule.generation for rule in view.rulebook.rules.values())
        return 1 + max(self._highest, max(in_view, default=0))

    @staticmethod
    def row(configuration: Configuration) -> Row:
        """What remembers its generation; written together with it."""
        return Row(Table.MARKS, _HIGHEST, codec.encode(Mark(configuration.generation)))

    def _committed(self, overlay: Overlay) -> None:
        self._see(filter(None, overlay.configurations.values()))

    def _see(self, configurations: Iterable[Configuration]) -> None:
        self._highest = max([self._highest, *(one.generation for one in configurations)])
