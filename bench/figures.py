"""Figures: what they are compared with, how they are shown, and where they are kept."""

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import machine
from rich.console import Console
from rich.table import Table

FOLDER: Final = Path(os.environ.get("AFFINAGE_RESULTS") or Path(__file__).parent / "results")
"""Where figures are kept."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table that readers see."""

    what: str
    ours: float
    unit: str
    target: str = ""
    """What design asks for."""
    field: str = ""
    """What others do, and who."""
    floor: str = ""
    """What the parts alone do, measured in the same run: nothing built of them is better."""

    @property
    def text(self) -> str:
        return f"{shown(self.ours)} {self.unit}".strip()


def shown(figure: float) -> str:
    """With three digits that matter, and thousands apart."""
    if abs(figure) >= 100 or figure == int(figure):
        return f"{figure:,.0f}"
    return f"{figure:,.1f}" if abs(figure) >= 10 else f"{figure:.3g}"


def keep(name: str, settings: dict[str, Any], figures: list[Figure]) -> None:
    """Write them with the machine, the commit and the sizes, and print them."""
    document = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": machine.description(),
        "settings": settings,
        "figures": [asdict(figure) for figure in figures],
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n")
    Console(width=160).print(_table(name, settings, figures))


def kept(name: str) -> dict[str, Any] | None:
    """What was measured last, or None."""
    file = FOLDER / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def _table(name: str, settings: dict[str, Any], figures: list[Figure]) -> Table:
    given = ", ".join(f"{key} {value:,}" for key, value in settings.items())
    table = Table(title=f"{name}: {given}", title_justify="left", show_edge=False)
    for heading in ("what", "ours", "to reach", "the field", "floor"):
        table.add_column(heading, justify="right" if heading == "ours" else "left")
    for figure in figures:
        table.add_row(figure.what, figure.text, figure.target, figure.field, figure.floor)
    return table


def _commit() -> str:
    asked = ["git", "describe", "--always", "--dirty"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    return told.stdout.strip()
