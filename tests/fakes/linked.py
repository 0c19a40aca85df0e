"""Hubs that devices are given to: in memory, and as one likes out of reach."""

from dataclasses import dataclass, field

from affinage.domain.errors import Invalid, Unavailable
from affinage.domain.principal import Principal
from affinage.ports.hubs import LinkedHub, TwinContent, Wanted


@dataclass
class MemoryHub:
    """Implements `ports.hubs.LinkedHub`."""

    host: str
    devices: dict[str, Wanted] = field(default_factory=dict)
    is_away: bool = False
    refuses: str = ""
    """Why it takes no device; empty if it does."""

    async def find(self, device_id: str, *, by: Principal) -> TwinContent | None:
        self._reach()
        found = self.devices.get(device_id)
        return found.twin if found else None

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        self._reach()
        if self.refuses:
            raise Invalid(self.refuses)
        self.devices.setdefault(wanted.device_id, wanted)

    async def remove(self, device_id: str, *, by: Principal) -> None:
        self._reach()
        self.devices.pop(device_id, None)

    def _reach(self) -> None:
        if self.is_away:
            raise Unavailable(f"{self.host} does not answer")


@dataclass
class Linked:
    """Implements `ports.hubs.LinkedHubs`."""

    by_host: dict[str, LinkedHub]

    def weights(self) -> dict[str, int]:
        return dict.fromkeys(self.by_host, 1)

    def find(self, host: str) -> LinkedHub | None:
        return self.by_host.get(host.lower())
