"""Draw docs/images/demo.svg: run the demo, and keep what it shows from its third chapter on.

Drawn again, the picture is the same: who fails follows from the devices' names, and how long
anything took is left out, as are bars that end at nothing. The file names no font and no address.
"""

import asyncio
import io
import logging
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import uvloop
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.terminal_theme import TerminalTheme

from affinage.apps.cli import logs
from affinage.apps.demo.show import Show
from affinage.apps.demo.story import DemoSettings, tell

PICTURE: Final = Path(__file__).parents[1] / "docs/images/demo.svg"

FIRST_CHAPTER: Final = 3
"""Before it, the hub is started and the first configuration created: nothing to look at."""

COLUMNS: Final = 92

ASPECT: Final = 0.6
"""Width to height of a character, near that of any monospaced font."""

NIGHT: Final = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (230, 237, 243),
    ],
)
"""A dark terminal, with an edge of its own: readable on light pages and on dark ones."""

PAGE: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>affinage demo, from its third chapter on</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, monospace }}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""

CUT: Final = (
    (re.compile(r' clip-path="[^"]*"'), ""),  # no line is longer than the terminal
    (re.compile(r"<text [^>]*>\s*</text>"), ""),
    (re.compile(r"(?<=[ .\"])terminal-"), ""),
    (re.compile(r"(\.\d)9{6,}\d*"), r"\1"),
    (re.compile(r"(</text>)(?=<text)"), r"\1" + "\n"),  # a line each, for who compares two
)
"""What rich writes and the picture does not need."""


class Picture(Show):
    """The demo's show, without its clock and its empty bars; recorded from a chapter on."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._recorder = console
        self._begun = 0

    def chapter(self, title: str) -> None:
        self._begun += 1
        self._recorder.record = self._begun >= FIRST_CHAPTER
        super().chapter(title)

    def bars(self) -> Progress:
        columns = (
            TextColumn("   {task.description:<12}"),
            BarColumn(bar_width=36),
            MofNCompleteColumn(),
        )
        return FullBars(*columns, console=self._recorder)


class FullBars(Progress):
    """Progress bars, of which those at nothing are not shown."""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table([task for task in self.tasks if task.completed])


def canvas() -> Console:
    """A terminal that keeps its colours, and shows of a bar only how it ended."""
    return Console(file=io.StringIO(), color_system="truecolor", width=COLUMNS)


def drawn(console: Console) -> str:
    """What was recorded, as an SVG document."""
    svg = console.export_svg(
        title="affinage demo",
        theme=NIGHT,
        code_format=PAGE,
        font_aspect_ratio=ASPECT,
        unique_id="terminal",
    )
    for pattern, instead in CUT:
        svg = pattern.sub(instead, svg)
    return svg


def main() -> int:
    """Run the demo and draw it; 0, or whatever the demo raises."""
    logs.configure(logging.WARNING)
    console = canvas()
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(tell(DemoSettings(Path(folder)), Picture(console), asyncio.Event()))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(drawn(console))
    print(f"{PICTURE.name}: {PICTURE.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
