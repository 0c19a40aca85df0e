"""Writes the figures kept in bench/results into the page for readers, between its two marks."""

from pathlib import Path
from typing import Any, Final

from figures import FOLDER, Figure, kept

PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "speed.md"
BEGIN: Final = "<!-- figures: `make speed` writes from here -->"
END: Final = "<!-- to here -->"

ORDER: Final = (
    "reports",
    "reactions",
    "sweeps-100000",
    "sweeps-1000000",
    "configurations",
    "idle",
    "storm",
    "handshakes",
    "fanout",
    "queries",
    "start",
)
"""In which the page shows them; what else there is comes after."""

HEAD: Final = "| what | ours | to reach | the field | floor |\n|---|---|---|---|---|"


def section(name: str, document: dict[str, Any]) -> str:
    """One script's table, and what it was measured on."""
    rows = [Figure(**figure) for figure in document["figures"]]
    lines = [
        f"| {row.what} | {row.text} | {row.target} | {row.field} | {row.floor} |" for row in rows
    ]
    return "\n".join((f"### {name}\n", HEAD, *lines, "", _measured(name, document)))


def _measured(name: str, document: dict[str, Any]) -> str:
    machine = document["machine"]
    sizes = ", ".join(f"{what} {size:,}" for what, size in document["settings"].items())
    return (
        f"`bench/bench_{name.partition('-')[0]}.py` ({sizes}), {document['measured'][:10]},"
        f" commit {document['commit']}: {machine['cores']} cores of {machine['processor']},"
        f" {machine['memory_gib']} GiB, Python {machine['python']}, SQLite {machine['sqlite']}."
    )


def names() -> list[str]:
    """Of all that was measured, in the order of the page."""
    found = sorted(file.stem for file in FOLDER.glob("*.json"))
    return [name for name in ORDER if name in found] + [name for name in found if name not in ORDER]


def main() -> None:
    documents = {name: kept(name) for name in names()}
    text = "\n\n".join(section(name, one) for name, one in documents.items() if one)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
