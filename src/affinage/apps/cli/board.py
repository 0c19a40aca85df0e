"""Counts that change while one looks on: bars on a terminal, else a line at every change."""

from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.text import Text

from affinage.apps.cli.output import printable


class Bar(NamedTuple):
    """How many of how many."""

    done: int
    total: int


def bars(console: Console, *, is_transient: bool = False) -> Progress:
    """Empty bars, to be filled; on no terminal they say nothing."""
    return Progress(
        TextColumn("{task.description:<14}", markup=False),
        # The finished colour of the library is, on a terminal with few, that of an empty bar.
        BarColumn(bar_width=36, complete_style="cyan", finished_style="green"),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=is_transient,
    )


class Board:
    """A context in which `show` may be called any number of times.

    Args:
        console: where to; on no terminal, lines that a log can hold are written.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: Mapping[str, Bar] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress = bars(console)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, counts: Mapping[str, Bar]) -> None:
        """The counts as they are now, by name; on a terminal new ones go below the others."""
        if self._console.is_terminal:
            self._move(counts)
        elif counts != self._shown:
            parts = [f"{printable(name)} {done}/{total}" for name, (done, total) in counts.items()]
            self._console.print(Text("  ".join(parts)), soft_wrap=True)
        self._shown = dict(counts)

    def _move(self, counts: Mapping[str, Bar]) -> None:
        for name in (name for name in counts if name not in self._tasks):
            self._tasks[name] = self._progress.add_task(printable(name))
        for name, task in self._tasks.items():
            done, total = counts.get(name, Bar(0, 0))
            self._progress.update(task, completed=done, total=total, visible=name in counts)
