"""A machine that has as much as a test says."""

from dataclasses import dataclass, field

from affinage.ports.machine import Certificate, Room


@dataclass
class FixedMachine:
    """Implements `ports.machine.Machine`: plenty of everything, until a test changes it."""

    free_mib: int = 50_000
    free_descriptors: int = 900
    shown: list[Certificate] = field(default_factory=list)

    def disk(self) -> Room:
        return Room(self.free_mib * 2**20, 100_000 * 2**20)

    def descriptors(self) -> Room:
        return Room(self.free_descriptors, 1000)

    def certificates(self) -> list[Certificate]:
        return self.shown
