"""Operators who write while a hub is killed: configurations, edge deployments, identities.

As `writers`, whose protocol they follow: what each has asked for last, or had acknowledged last,
must be what is found after a restart, and nothing between the two.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.values import JsonObject
from fakes.fleet_in_force import ON_THE_MOVE, configuration

PAUSE_S: Final = 0.02
"""Between two changes of a configuration, each of which has the hub go over the whole fleet."""

NOT_FOUND: Final = 404


@dataclass
class Planner:
    """Makes, changes and deletes one configuration."""

    operator: ServiceClient
    id: str = "moved"
    acknowledged: int = 0
    kept: dict[str, Any] | None = None
    """As acknowledged last; None is deleted."""
    asked: dict[str, Any] | None = None
    """As asked for last."""

    async def write(self) -> None:
        while True:
            self.asked = self._next()
            await self._ask()
            self.kept = self.asked
            self.acknowledged += 1
            await asyncio.sleep(PAUSE_S)

    def confirm(self, configurations: list[dict[str, Any]]) -> None:
        found = [each for each in configurations if each["id"] == self.id]
        shown = {name: found[0][name] for name in _SHOWN} if found else None
        assert shown in (self.kept, self.asked), f"neither {self.kept} nor {self.asked}"
        self.kept = self.asked = shown

    def _next(self) -> dict[str, Any] | None:
        first, second = ON_THE_MOVE
        if self.kept is None:
            return configuration(self.id, first, 30, mark=self.acknowledged)
        if self.kept["targetCondition"] == first:
            return {**self.kept, "targetCondition": second, "priority": 8}
        return None

    async def _ask(self) -> None:
        if self.asked is None:
            await self.operator.delete_configuration(self.id)
        elif self.kept is None:
            await self.operator.create_configuration(self.asked)
        else:
            await self.operator.update_configuration(self.asked)


_SHOWN: Final = ("id", "content", "targetCondition", "priority")


class Deployer(Planner):
    """Makes and deletes one edge deployment, which writes several twins of a device in one unit."""

    def check_whole(self, modules: list[dict[str, Any]]) -> None:
        """The agent of each device and its worker are of one deployment, now as at any time."""
        marks: dict[str, set[int]] = {}
        for twin in modules:
            if twin["moduleId"] in _WRITTEN:
                mark = twin["properties"]["desired"].get("mark", 0)
                marks.setdefault(twin["deviceId"], set()).add(mark)
        assert all(len(each) == 1 for each in marks.values()), f"half a unit: {marks}"

    def _next(self) -> dict[str, Any] | None:
        if self.kept is not None:
            return None
        content: JsonObject = {"modulesContent": _manifest(self.acknowledged + 1)}
        return {"id": self.id, "targetCondition": "*", "priority": 1, "content": content}


_WRITTEN: Final = ("$edgeAgent", "worker")


def _manifest(mark: int) -> JsonObject:
    agent: JsonObject = {
        "schemaVersion": "1.1",
        "runtime": {"type": "docker", "settings": {}},
        "systemModules": {"edgeAgent": {"type": "docker"}, "edgeHub": {"type": "docker"}},
        "modules": {"worker": {"type": "docker"}},
        "mark": mark,
    }
    return {
        "$edgeAgent": {"properties.desired": agent},
        "worker": {"properties.desired": {"mark": mark}},
    }


@dataclass
class Registrar:
    """Creates an edge device, with the modules that come with it, gives it one more, deletes it."""

    operator: ServiceClient
    device: str
    acknowledged: int = 0
    kept: int = 0
    """Which of _STAGES was acknowledged last."""
    asked: int = 0
    """Which was asked for last."""

    async def write(self) -> None:
        while True:
            self.asked = (self.kept + 1) % len(_STAGES)
            await self._ask()
            self.kept = self.asked
            self.acknowledged += 1

    async def confirm(self) -> None:
        found = await self._modules()
        assert found in _STAGES, f"half a unit: {found}"
        stage = _STAGES.index(found)
        assert stage in (self.kept, self.asked), f"stage {stage}, not {self.kept} or {self.asked}"
        self.kept = self.asked = stage

    async def _ask(self) -> None:
        if self.asked == 0:
            await self.operator.delete_device(self.device)
        elif self.asked == 1:
            body: JsonObject = {"deviceId": self.device, "capabilities": {"iotEdge": True}}
            await self.operator.create_device(body)
        else:
            await self.operator.create_module({"deviceId": self.device, "moduleId": "own"})

    async def _modules(self) -> set[str] | None:
        """Those that the device has, but for what a deployment gave it; None without a device."""
        try:
            found = await self.operator.list_modules(self.device)
        except ServiceError as error:
            if error.status != NOT_FOUND:
                raise
            return None
        return {str(one["moduleId"]) for one in found} - {"worker"}


_STAGES: Final = (None, {"$edgeAgent", "$edgeHub"}, {"$edgeAgent", "$edgeHub", "own"})
"""The modules of an identity that is made, given one more, and deleted."""
