"""Configurations on one device as transcripts: what somebody did, a rule, what became of it.

Run with REWRITE=1 to write down today's answers; read the diff before committing it.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.configuration import Configuration, create, update
from affinage.domain.device import Device
from affinage.domain.edge import apply_content
from affinage.domain.errors import AffinageError
from affinage.domain.flaps import frozen
from affinage.domain.names import TwinKey
from affinage.domain.rulebook import Rulebook
from affinage.domain.stamps import render
from affinage.domain.twin import DesiredChanged, TwinPatch, patch, report
from fakes.reconciling import CONTAINERS, Keys, a_device, run, started, whole

FILES = sorted(Path(__file__).parent.glob("*.txt"))

CREATE = re.compile(
    r"(?:(edge|module) )?configuration (\S+), priority (\d+), where (.*?): (\{.*\})"
)

STARTED = re.compile(
    r'\{"type": "docker", "settings": \{"image": "registry.example.org/(\w+):1"\}\}'
)
SYSTEM = (
    '"schemaVersion": "1.1", "runtime": {"type": "docker", "settings": {}}, '
    '"systemModules": {"edgeAgent": STARTED(edge), "edgeHub": STARTED(edge)}'
)

ALONE = ("tag", "desire", "report", "apply")
"""Verbs whose only word is the rest of the line."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    told = path.read_text()
    happened = re.sub(r"(?m)^(.+)\n----\n(?:.+\n)*", Transcript().answer, told)
    if os.environ.get("REWRITE"):
        path.write_text(happened)
    assert happened == told


class Transcript:
    device: Device

    def __init__(self) -> None:
        self.rulebook = Rulebook()
        self.generation = 0
        self.at = 0

    def answer(self, asked: re.Match[str]) -> str:
        try:
            lines = self.take(asked[1])
        except AffinageError as error:
            lines = [f"{error.code}: {error}"]
        return f"{asked[1]}\n----\n" + "".join(line + "\n" for line in lines)

    def take(self, request: str) -> list[str]:
        self.at += 1000
        if made := CREATE.fullmatch(request):
            self.put(self.made(*made.groups()))
            return self.reconcile({made[2]}, edited=made[2])
        verb, _, rest = request.partition(" ")
        return VERBS[verb](self, *([rest] if verb in ALONE else rest.split(" ", 1)))

    def device_comes(self, name: str, tags: str) -> list[str]:
        self.device = a_device(name, tags=json.loads(tags))
        return self.reconcile()

    def edge_device_comes(self, name: str, tags: str) -> list[str]:
        self.device = a_device(name, tags=json.loads(tags), iot_edge=True)
        return self.reconcile()

    def set_priority(self, name: str, value: str) -> list[str]:
        self.put(self.updated(name, {"priority": int(value)}))
        return self.reconcile({name}, edited=name)

    def set_condition(self, name: str, value: str) -> list[str]:
        self.put(self.updated(name, {"targetCondition": value}))
        return self.reconcile({name}, edited=name)

    def delete(self, name: str) -> list[str]:
        self.put(replace(self.rulebook.rules[name].configuration, tombstone=True))
        lines = self.reconcile({name}, edited=name)
        self.rulebook = self.rulebook.without(name)
        return lines

    def tag(self, text: str) -> list[str]:
        return self.patched(None, TwinPatch(tags=json.loads(text)))

    def desire(self, text: str) -> list[str]:
        return self.patched(None, TwinPatch(desired=json.loads(text)))

    def report(self, text: str) -> list[str]:
        key = TwinKey(self.device.id)
        twin = report(key, self.device.twin, json.loads(text), at=self.at)
        self.device = self.device.with_twin(key, twin)
        return self.reconcile()

    def by_hand(self, module: str, text: str) -> list[str]:
        return self.patched(module, TwinPatch(desired=json.loads(text)))

    def apply(self, text: str) -> list[str]:
        before, content = self.device, {"modulesContent": _json(text)}
        self.device, events = apply_content(before, content, identities=Keys(), at=self.at)
        return [*map(_told, events), *_listed(before, self.device)]

    def wait(self, minutes: str) -> list[str]:
        self.at += 60_000 * int(minutes)
        return self.reconcile()

    def correct_drift(self, _: str) -> list[str]:
        return self.reconcile(correct_drift=True)

    def made(
        self, kind: str | None, name: str, priority: str, condition: str, content: str
    ) -> Configuration:
        self.generation += 1
        body: dict[str, Any] = {
            "priority": int(priority),
            "targetCondition": condition,
            "content": {CONTAINERS[kind or "device"]: _json(content)},
        }
        return create(name, body, generation=self.generation, at=self.at)

    def updated(self, name: str, change: dict[str, Any]) -> Configuration:
        current = self.rulebook.rules[name].configuration
        kept: dict[str, Any] = {
            "priority": current.priority,
            "targetCondition": current.target_condition,
        }
        return update(current, {**kept, **change}, if_match=None, at=self.at)

    def put(self, configuration: Configuration) -> None:
        self.rulebook = self.rulebook.with_rule(configuration)

    def patched(self, module: str | None, change: TwinPatch) -> list[str]:
        key = TwinKey(self.device.id, module)
        twin, _ = patch(key, self.device.twin_of(key), change, at=self.at)
        self.device = self.device.with_twin(key, twin)
        return self.reconcile()

    def reconcile(
        self,
        affected: set[str] | None = None,
        *,
        edited: str | None = None,
        correct_drift: bool = False,
    ) -> list[str]:
        """Reconcile what was affected, and check that asking everything says the same."""
        before, at = self.device, self.at
        after, events = run(
            before,
            self.rulebook,
            at=at,
            affected=affected,
            edited=edited,
            correct_drift=correct_drift,
        )
        everything = run(before, self.rulebook, at=at, edited=edited, correct_drift=correct_drift)
        assert everything == (after, events)
        self.device = after
        return [*map(_told, events), *_listed(before, after)] or ["nothing changes"]

    def look(self, what: str) -> list[str]:
        twin = self.device.twin
        if what == "modules":
            return [_module(self.device, name) for name in self.device.modules]
        if what == "metadata":
            metadata = render(twin.desired.stamps, twin.desired.values)
            return [f"{name} {_text(inner)}" for name, inner in metadata.items()]
        return [_short(twin.desired.values)]


VERBS: dict[str, Callable[..., list[str]]] = {
    "device": Transcript.device_comes,
    "edge-device": Transcript.edge_device_comes,
    "priority": Transcript.set_priority,
    "where": Transcript.set_condition,
    "delete": Transcript.delete,
    "tag": Transcript.tag,
    "desire": Transcript.desire,
    "report": Transcript.report,
    "by-hand": Transcript.by_hand,
    "apply": Transcript.apply,
    "wait": Transcript.wait,
    "correct": Transcript.correct_drift,
    "look": Transcript.look,
}


def _json(text: str) -> Any:
    """JSON, where ``WHOLE(a, b)`` is an agent's whole desired and ``STARTED(a)`` one module's."""
    text = re.sub(r"WHOLE\((.*?)\)", lambda found: _text(whole(*_names(found[1]))), text)
    return json.loads(re.sub(r"STARTED\((.*?)\)", lambda found: _text(started(found[1])), text))


def _names(text: str) -> list[str]:
    return [name for name in text.split(", ") if name]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(value: object) -> str:
    """JSON, with what `whole` and `started` make shortened again."""
    text = STARTED.sub(r"STARTED(\1)", _text(value))
    return text.replace(SYSTEM, "SYSTEM")


def _told(event: DesiredChanged) -> str:
    return f"{event.key.path} v{event.version}: {_short(event.patch)}"


def _listed(before: Device, after: Device) -> list[str]:
    """The statuses of the twins where they changed, and modules that came, leave or went."""
    lines = []
    if before.twin.statuses != after.twin.statuses:
        lines.append(f"{after.id} lists {_statuses(after.twin.statuses)}")
    for name, module in after.modules.items():
        old = before.modules.get(name)
        if old is None:
            lines.append(f"{name} comes")
        if module.twin.statuses != (old.twin.statuses if old else {}):
            lines.append(f"{name} lists {_statuses(module.twin.statuses)}")
        if module.leaves_at != (old.leaves_at if old else None):
            lines.append(f"{name} {'stays' if module.leaves_at is None else 'is to leave'}")
    was, now = frozen(before.flips), frozen(after.flips)
    lines += [f"{name} is frozen" for name in now if name not in was]
    lines += [f"{name} thaws" for name in was if name not in now]
    return lines + [f"{name} is gone" for name in before.modules if name not in after.modules]


def _statuses(statuses: dict[str, str]) -> str:
    return ", ".join(f"{name} {status}" for name, status in statuses.items()) or "nothing"


def _module(device: Device, name: str) -> str:
    module = device.modules[name]
    return f"{name} {_statuses(module.twin.statuses)} {_short(module.twin.desired.values)}"
