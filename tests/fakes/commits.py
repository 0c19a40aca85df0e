"""Commits without a writer: units run on a fleet's memory, one commit a call, nothing waits."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from affinage.domain.allowance import GENEROUS, Allowance
from affinage.domain.configuration import Configuration, create
from affinage.domain.device import Device
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import Collection, Path
from affinage.domain.registration import new_device, new_module
from affinage.domain.twin import TwinPatch, new_twin, patch
from affinage.domain.values import JsonObject
from affinage.ports.store import Row, Table
from affinage.services.fleet.batch import Batch
from affinage.services.fleet.guards import Guards
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.overlay import Overlay
from affinage.services.fleet.pending import Pending
from affinage.services.fleet.unit import Change, View
from affinage.services.registry import FreshModules, makings
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.vault import OpenVault

MAKINGS = makings(OpenVault(), CountingIds())


def device(name: str, tags: JsonObject | None = None, *modules: str, edge: bool = False) -> Device:
    """A new device, without a number, with these modules."""
    body: JsonObject = {"capabilities": {"iotEdge": edge}}
    made = new_device(name, body, MAKINGS, lambda _: None, 0)
    made = made.with_twin(TwinKey(name), new_twin(0, tags))
    for module in modules:
        made = new_module(made, module, {}, MAKINGS, 0)
    return made


def configuration(
    name: str, condition: str = "*", *, generation: int = 1, priority: int = 0, **written: Any
) -> Configuration:
    """One that writes these names of desired, ``who=name`` if none."""
    values = written or {"who": name}
    content: JsonObject = {f"properties.desired.{one}": values[one] for one in values}
    body: JsonObject = {
        "targetCondition": condition,
        "priority": priority,
        "content": {"deviceContent": content},
    }
    return create(name, body, generation=generation, at=generation)


def putting(*devices: Device, **more: Any) -> Change[None]:
    return Change(lambda _: None, devices={one.id: one for one in devices}, **more)


def deleting(name: str) -> Change[None]:
    return Change(lambda _: None, devices={name: None})


def configuring(*configurations: Configuration) -> Change[None]:
    return Change(lambda _: None, configurations={one.id: one for one in configurations})


def _given(change: Change[Any], _: View) -> Change[Any]:
    return change


class Commits:
    """A fleet's memory and the rows that a store would have."""

    def __init__(self, allowance: Allowance = GENEROUS) -> None:
        self.clock = FixedClock()
        self.guards = Guards(self.clock, allowance)
        self.memory = Memory(Pending(self.guards.site_of))
        self.rows: dict[tuple[Table, int | str], bytes] = {}
        self.at: Millis = 0

    def batch(self) -> Batch:
        return Batch(self.memory, FreshModules(MAKINGS), self.guards, self.at)

    def run(self, *changes: Change[Any]) -> list[Any]:
        """One unit for each change, all in one commit; their answers."""
        batch = self.batch()
        answers = [batch.run(partial(_given, change)) for change in changes]
        self.commit(batch)
        return answers

    def commit(self, batch: Batch) -> Overlay:
        self.write(list(batch.rows()))
        self.memory.move(batch.overlay)
        return batch.overlay

    def write(self, rows: Sequence[Row]) -> None:
        for table, key, body in rows:
            if body is None:
                self.rows.pop((table, key), None)
            else:
                self.rows[table, key] = body

    def tag(self, batch: Batch, name: str, **tags: Any) -> Device:
        """Run a unit that patches tags."""
        key = TwinKey(name)

        def decide(view: View) -> Change[Device]:
            found = view.device(name)
            twin, events = patch(key, found.twin, TwinPatch(tags), at=self.at)
            changed = found.with_twin(key, twin)
            return Change(lambda after: after.device(name), {name: changed}, events)

        answer: Device = batch.run(decide)
        return answer

    def watch(self, *paths: Path, collection: Collection = Collection.DEVICES) -> None:
        """Have bitmaps for these, complete as long as nothing is remembered yet."""
        bitmaps = self.memory.bitmaps[collection]
        for path in paths:
            bitmaps.watch(path)
        bitmaps.complete(paths)

    def device(self, name: str) -> Device:
        found = self.memory.find(name)
        assert found
        return found
