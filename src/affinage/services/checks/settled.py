"""Whether reconciling a device again would write nothing, for those that should be as they must.

Left out are those of which the hub says itself that they are not: dirty, frozen, written over, and
whatever a sweep has yet to come to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec.structs import replace
from pyroaring import BitMap

from affinage.domain.device import Device
from affinage.domain.edge import ModuleIdentities, next_leaving
from affinage.domain.reconcile import reconcile
from affinage.ports.clock import Clock
from affinage.services.checks.finding import Finding, Pace, Progress, Severity, some
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.sweeps import Sweeps

CHECK: Final = "reconciled"

SAMPLE: Final = 10_000
"""Devices that are tried, evenly over the fleet."""

PORTION: Final = 20
"""Devices in one unit: others get their turn after a few milliseconds."""

TRIES: Final = 3
"""A device that a sweep was just coming to is tried again, so often."""

PAUSE_S: Final = 1.0
"""Between two tries."""

_NEXT: Final = (
    "`affinage config update` of any configuration that concerns them has it carried out again;"
    " keep the hub's log and report this, it is a fault"
)


class Settled:
    def __init__(
        self, fleet: Fleet, sweeps: Sweeps, identities: ModuleIdentities, clock: Clock
    ) -> None:
        self._fleet, self._sweeps, self._clock = fleet, sweeps, clock
        self._identities = identities

    async def check(self, progress: Progress) -> Sequence[Finding]:
        """Reconcile up to SAMPLE devices once more, on paper."""
        numbers = self._sample()
        progress.total += len(numbers)
        stirred = await self._stirred(numbers, progress)
        for _ in range(TRIES - 1):
            if stirred:
                await self._clock.sleep(PAUSE_S)
                stirred = await self._stirred(stirred, Progress())
        tried = f"{len(numbers)} of {self._fleet.device_count} devices"
        if not stirred:
            what = f"{tried} were reconciled once more, and nothing would be written"
            return [Finding(CHECK, Severity.OK, what)]
        what = f"{len(stirred)} of {tried} are not as their configurations want them"
        return [Finding(CHECK, Severity.PROBLEM, what, _NEXT, some([*stirred.values()]))]

    def _sample(self) -> list[int]:
        everybody = self._fleet.numbers()
        step = max(1, -(-len(everybody) // SAMPLE))
        return list(everybody)[::step]

    async def _stirred(self, numbers: Iterable[int], progress: Progress) -> dict[int, str]:
        """Those that would be written, each with its id and why."""
        found: dict[int, str] = {}
        pace, waiting = Pace(self._clock), [*numbers]
        for start in range(0, len(waiting), PORTION):
            some_of_them = waiting[start : start + PORTION]
            left_out = self._left_out()
            ids = self._fleet.ids_of(one for one in some_of_them if one not in left_out)
            found |= await self._fleet.change(partial(self._tried, ids))
            progress.done += len(some_of_them)
            await pace.breathe()
        return found

    def _left_out(self) -> BitMap:
        """Devices that the hub has yet to come to."""
        swept = [self._fleet.reached_by(one.configuration) for one in self._sweeps.under_way()]
        return BitMap.union(BitMap(), *swept, *self._fleet.pending.numbers.values())

    def _tried(self, ids: Mapping[int, str], view: View) -> Change[dict[int, str]]:
        found = dict(self._differing(ids, view))
        return Change(lambda _: found)

    def _differing(self, ids: Mapping[int, str], view: View) -> Iterator[tuple[int, str]]:
        for number, device_id in ids.items():
            device = view.find(device_id)
            if device is not None and _is_settled(device, view):
                why = self._why(device, view)
                if why:
                    yield number, f"{device_id}: {why}"

    def _why(self, device: Device, view: View) -> str:
        """What reconciling would do; empty for nothing."""
        try:
            again, _ = reconcile(
                device,
                view.rulebook,
                presence=view.presence,
                identities=self._identities,
                at=view.at,
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this device's
            return f"it cannot be reconciled, and is not marked so: {error}"
        again = replace(again, flips=device.flips)  # which only time moves
        return "" if again == device else "reconciling would change it"


def _is_settled(device: Device, view: View) -> bool:
    """Whether it is marked in no way, also by the units just before."""
    leaves_at = next_leaving(device)
    return (
        device.dirty is None
        and device.drifted_at is None
        and not any(flips.frozen_until for flips in device.flips.values())
        and (leaves_at is None or leaves_at > view.at)
    )
