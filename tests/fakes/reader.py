"""Somebody who follows a page of the documents to the letter: saves, runs and sees what it says.

What a page must say for that is what a person needs as well:

- "Save this as `NAME`" before a block that is a file;
- "in a terminal of its own" before a command that runs on;
- "Stop the hub" before what is done with it stopped.

Any other block of shell commands is run to its end, and must succeed. A block of text is what the
command before it shows, spaces aside; `…` stands for anything. Other blocks are examples, and must
at least be well formed.
"""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping
from configparser import RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

PATIENCE_S: Final = 90
"""How long one block may take, on a machine that is busy."""

ASKING: Final = re.compile(r"affinage (query|twin show|device (list|show)|config (list|show))\b")
"""Commands that change nothing: they are asked again until they show what they should."""

BLOCK: Final = re.compile(r"(?P<lead>.*?)^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.M)


@dataclass(frozen=True)
class Block:
    lead: str
    """The paragraph before it."""
    kind: str
    text: str


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page, in order."""
    for found in BLOCK.finditer(page):
        yield Block(found["lead"].strip().split("\n\n")[-1], found["kind"], found["text"])


@dataclass
class Reader:
    """Works in ``folder``; `with` ends what still runs.

    ``instead`` is what this machine writes instead of what the page does, such as an address.
    """

    folder: Path
    instead: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    _lead: str = field(default="", init=False)
    _ran: str = field(default="", init=False)
    _shown: str = field(default="", init=False)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_all()

    def follow(self, page: Path) -> None:
        """Do all that the page says; AssertionError where it is not as told."""
        for block in blocks(page.read_text()):
            self._lead = block.lead or self._lead
            self._take(block, self._as_here(block.text))

    def _take(self, block: Block, text: str) -> None:
        if saved := re.search(r"Save this as `([^`]+)`", block.lead):
            (self.folder / saved[1]).write_text(text)
            return
        match block.kind:
            case "sh" if "terminal of its own" in self._lead:
                self._start(text)
            case "sh":
                if "Stop the hub" in block.lead:
                    self._stop_all()
                self._run(text)
            case "text":
                self._see(text)
            case kind:
                WELL_FORMED[kind](text)

    def _run(self, text: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self._environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        self._ran, self._shown = text, done.stdout

    def _start(self, text: str) -> None:
        log = self.folder / f"terminal-{len(self.running)}.log"
        with log.open("wb") as output:
            running = subprocess.Popen(
                ["bash", "-c", f"exec {text}"],
                cwd=self.folder,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(running)
        if text.startswith("affinage serve"):
            _wait(lambda: "ready " in log.read_text(), log.read_text)

    def _see(self, told: str) -> None:
        lines = [_pattern(line) for line in told.splitlines()]

        def seen() -> bool:
            if not _in_order(lines, self._shown):
                assert ASKING.match(self._ran), self._shown
                self._run(self._ran)
            return _in_order(lines, self._shown)

        _wait(seen, lambda: f"told:\n{told}\nshown:\n{self._shown}")

    def _stop_all(self) -> None:
        while self.running:
            running = self.running.pop()
            running.send_signal(signal.SIGTERM)
            running.wait(PATIENCE_S)

    def _as_here(self, text: str) -> str:
        for told, here in self.instead.items():
            text = text.replace(told, here)
        return text

    @property
    def _environment(self) -> dict[str, str]:
        commands = Path(sys.executable).parent
        path = f"{commands}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **self.environment}


def _read_ini(text: str) -> None:
    RawConfigParser(strict=True).read_string(text)


def _read_yaml(text: str) -> None:
    """Of the little that our pages have of it: keys, values, lists, two spaces for a level."""
    for line in text.splitlines():
        if not re.fullmatch(r"(  )*(- )?\w+:( \S.*)?", line):
            raise ValueError(f"not as our pages have YAML: {line!r}")


WELL_FORMED: Final[Mapping[str, Callable[[str], object]]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "python": ast.parse,
    "ini": _read_ini,
    "yaml": _read_yaml,
}


def _pattern(line: str) -> re.Pattern[str]:
    words = (re.escape(word).replace("…", ".*") for word in line.split())
    return re.compile(r"\s+".join(words))


def _in_order(lines: list[re.Pattern[str]], shown: str) -> bool:
    there = iter(shown.splitlines())
    return all(any(line.fullmatch(one.strip()) for one in there) for line in lines)


def _wait(holds: Callable[[], bool], told: Callable[[], str]) -> None:
    tick = threading.Event()
    for _ in range(PATIENCE_S * 5):
        if holds():
            return
        tick.wait(0.2)
    raise AssertionError(told())
