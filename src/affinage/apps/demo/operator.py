"""What the operator does in the walk-through, over the hub's own service API and nothing else."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from affinage.apps.demo.cast import NOBODY, Rollout
from affinage.apps.demo.show import Show
from affinage.clients.service import ServiceClient

POLL_S: Final = 0.2

PATIENCE_S: Final = 90.0
"""How long a stage may take, beside the updates in it, before the walk-through has failed."""


class DemoFailed(Exception):
    """Something was not as told; the message says what."""


class Operator:
    def __init__(self, service: ServiceClient, show: Show, patience_s: float) -> None:
        """``patience_s`` is how long any one thing is waited for."""
        self._service, self._show, self._patience_s = service, show, patience_s

    async def create(self, rollout: Rollout) -> dict[str, int]:
        """Create the configuration; its counts just after."""
        await self._service.create_configuration(rollout.body())
        self._show.say(
            f"configuration [bold]{rollout.id}[/bold], priority {rollout.priority},"
            f" firmware {rollout.version}, for {rollout.condition}"
        )
        return await self.counts(rollout)

    async def withdraw(self, rollout: Rollout) -> None:
        """Roll back: change the target condition so that no device meets it."""
        await self._service.update_configuration({**rollout.body(), "targetCondition": NOBODY})
        self._show.say(f"target condition of [bold]{rollout.id}[/bold] is now {NOBODY}")

    async def counts(self, rollout: Rollout) -> dict[str, int]:
        """Both kinds of metrics, by name."""
        shown: Any = await self._service.get_configuration(rollout.id)
        return {**shown["systemMetrics"]["results"], **shown["metrics"]["results"]}

    async def watch(
        self, rollout: Rollout, total: int, *, until: Callable[[Mapping[str, int]], bool]
    ) -> dict[str, int]:
        """Show the configuration's metrics as bars until they are as wanted; what they are then.

        Raises:
            DemoFailed: they are not so in time.
        """
        names = ("targeted", "applied", "applying", "rebooting", "error", "rolledback", "current")
        with self._show.bars() as bars:
            tasks = {name: bars.add_task(name, total=total) for name in names}
            try:
                async with asyncio.timeout(self._patience_s):
                    while True:
                        counts = await self.counts(rollout)
                        for name, task in tasks.items():
                            shown = counts.get(f"{name}Count", counts.get(name, 0))
                            bars.update(task, completed=shown)
                        if until(counts):
                            return counts
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                told = f"{rollout.id} is not where it should be after {self._patience_s:.0f} s"
                raise DemoFailed(told) from None

    async def rows(self, query: str) -> list[dict[str, Any]]:
        return [dict(row) async for row in self._service.query(query)]

    async def wait_for(self, what: str, query: str, wanted: int) -> None:
        """Until a query has that many rows.

        Raises:
            DemoFailed: it has not in time; the message says how many it has.
        """
        found = -1
        try:
            async with asyncio.timeout(self._patience_s):
                while (found := len(await self.rows(query))) != wanted:  # noqa: ASYNC110  # it is asked
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise DemoFailed(f"{what}: {found} of {wanted} devices") from None


def check(claim: bool, told: str) -> None:
    """Raise DemoFailed unless it is as told."""
    if not claim:
        raise DemoFailed(told)
