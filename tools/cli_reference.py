"""Write the commands into docs/reference/cli.md, or with --check say whether they are there.

What stands above the mark is written by hand and kept; below it is what `--help` knows, so that
the page has every command and option, and nothing else.
"""

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from affinage.apps.cli.program import app

PAGE: Final = Path(__file__).parents[1] / "docs/reference/cli.md"
MARK: Final = "<!-- from here on written by tools/cli_reference.py -->\n"


def main(words: list[str]) -> int:
    """Write the page; with --check print how it differs, and 1 if it does."""
    before = PAGE.read_text()
    after = before.partition(MARK)[0] + MARK + "".join(_sections(typer.main.get_command(app), []))
    if words == ["--check"]:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "page", "program")
        print(*lines, sep="\n")
        return int(before != after)
    PAGE.write_text(after)
    return 0


def _sections(command: Any, above: list[str]) -> Iterator[str]:
    path = [*above, command.name]
    commands = getattr(command, "commands", {})
    if command.params or not commands:
        yield _section(command, path)
    for inner in commands.values():
        yield from _sections(inner, path)


def _section(command: Any, path: list[str]) -> str:
    words = [*path, *(_argument(one) for one in command.params if not _is_option(one))]
    rows = [f"| `{_spelled(one)}` | {_told(one)} |\n" for one in command.params]
    table = ["\n| | |\n|---|---|\n", *rows] if rows else []
    return f"\n## `{' '.join(words)}`\n\n{_unfolded(command.help)}\n{''.join(table)}"


def _unfolded(text: str) -> str:
    """Each paragraph in one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _is_option(one: Any) -> bool:
    return bool(one.param_type_name == "option")


def _argument(one: Any) -> str:
    many = "…" if one.nargs == -1 else ""
    return f"{one.metavar}{many}" if one.required else f"[{one.metavar}{many}]"


def _spelled(one: Any) -> str:
    if not _is_option(one):
        return str(one.metavar)
    names = "/".join([*one.opts, *one.secondary_opts])
    assert one.is_flag or one.metavar, f"{names} does not say what it takes"
    return names if one.is_flag else f"{names} {one.metavar}"


def _told(one: Any) -> str:
    is_said = "several" in one.help or "twice" in one.help
    is_many = _is_option(one) and one.multiple and not is_said
    several = " May be given several times." if is_many else ""
    has_default = isinstance(one.default, (int, float, str)) and not isinstance(one.default, bool)
    default = f" Default: {one.default}." if has_default else ""
    text = one.help.replace("|", "\\|")
    return f"{text}{several}{default}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
