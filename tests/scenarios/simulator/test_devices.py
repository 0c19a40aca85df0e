"""Simulated devices as transcripts: what happened to one, a rule, what it did of its own accord.

Run with REWRITE=1 to write down today's answers; read the diff before committing it.
"""

import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from affinage.apps.simulator.device import Device, new_device
from affinage.apps.simulator.faults import Faults, parse_risk
from affinage.apps.simulator.profile import Profile
from affinage.apps.simulator.signals import (
    Command,
    Disconnect,
    OperatorHolds,
    OperatorReleases,
    PowerOff,
    Report,
    SetTimer,
)
from affinage.apps.simulator.symptoms import symptom_of
from fakes.bench import START, Bench, wished

FILES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    told = path.read_text()
    happened = re.sub(r"(?m)^(.+)\n----\n(?:.+\n)*", Transcript().answer, told)
    if os.environ.get("REWRITE"):
        path.write_text(happened)
    assert happened == told


class Transcript:
    bench: Bench

    def __init__(self) -> None:
        self.lines: list[str] = []

    def answer(self, asked: re.Match[str]) -> str:
        self.lines = []
        self.take(*asked[1].split())
        return f"{asked[1]}\n----\n" + "".join(line + "\n" for line in self.lines)

    def take(self, verb: str, *words: str) -> None:
        match verb, *words:
            case "device", *settings:
                self.bench = Bench(_device(*settings), self.write)
            case ["connect"]:
                self.bench.connect()
            case "desire", "firmware", version, *uri:
                self.bench.desire(wished(version, *uri))
            case "desire", section, text:
                self.bench.desire({section: json.loads(text)})
            case "wait", seconds:
                self.bench.run(float(seconds))
            case ["lose", "connection"]:
                self.bench.lose_connection()
            case "hold", by, seconds:
                until = self.bench.now + timedelta(seconds=float(seconds))
                self.bench.take(OperatorHolds(by, until))
            case ["release"]:
                self.bench.take(OperatorReleases())
            case "look", *late:
                self.look(is_overdue=bool(late))
            case _:
                raise AssertionError(f"no scenario knows {verb} {' '.join(words)}")

    def look(self, *, is_overdue: bool) -> None:
        seen = symptom_of(
            self.bench.told,
            is_connected=self.bench.is_connected,
            is_overdue=is_overdue,
        )
        self.lines.append(f"{seen}, on {self.bench.told['currentFwVersion']}")

    def write(self, command: Command) -> None:
        passed = (self.bench.now - START).total_seconds()
        if words := _say(command):
            self.lines.append(f"{passed:+.0f} s: {words}")


def _device(*settings: str) -> Device:
    chosen = dict(setting.split("=", 1) for setting in settings)
    risks = tuple(map(parse_risk, filter(None, chosen.get("faults", "").split(","))))
    profile = Profile("CC-100 chiller", "00000042", chosen.get("revision", "A"))
    return new_device(profile, faults=Faults(risks))


def _say(command: Command) -> str:
    match command:
        case Report(patch):
            return f"report {json.dumps(patch, ensure_ascii=False)}"
        case SetTimer():
            return ""
        case Disconnect(None):
            return "disconnect for ever"
        case Disconnect(for_s):
            return f"disconnect for {for_s:.0f} s"
        case PowerOff(for_s, back_on):
            return f"power off for {for_s:.0f} s, back on slot {'AB'[back_on]}"
