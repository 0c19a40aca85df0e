"""How the walk-through is told: chapters, progress bars and tables on a terminal or in a log."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

INDENT = (0, 0, 0, 3)


class Show:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapters = 0

    def chapter(self, title: str) -> None:
        self._chapters += 1
        self._console.print(f"\n[bold cyan]{self._chapters}. {title}[/bold cyan]")

    def say(self, text: str) -> None:
        self._console.print(Padding(text, INDENT), highlight=False)

    def bars(self) -> Progress:
        """Progress bars, one a metric; on no terminal, only how they end."""
        return Progress(
            TextColumn("   {task.description:<12}"),
            BarColumn(bar_width=36),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
        )

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Rows by the names of their columns; what a row lacks is left empty."""
        table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
        for column in columns:
            table.add_column(column, justify="right" if column == "devices" else "left")
        for row in rows:
            table.add_row(*(str(row.get(column, "")) for column in columns))
        self._console.print()
        self._console.print(table)

    def good(self, text: str) -> None:
        self.say(f"[green]✓[/green] {text}")
