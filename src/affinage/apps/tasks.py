"""Tasks that run as long as a hub does: if one fails, all end, and who waits for them is told."""

import asyncio


class Tasks:
    """A task group that lives as long as the hub, entered and left in one task of its own."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()

    async def start(self) -> asyncio.TaskGroup:
        started: asyncio.Future[asyncio.TaskGroup] = asyncio.get_running_loop().create_future()
        self._owner = asyncio.ensure_future(self._own(started))
        return await started

    async def wait_or(self, stop: asyncio.Event) -> None:
        """Return once ``stop`` is set; raise what ended the group before."""
        stopped = asyncio.ensure_future(stop.wait())
        done, _ = await asyncio.wait((self._owner, stopped), return_when="FIRST_COMPLETED")
        stopped.cancel()
        if self._owner in done:
            self._owner.result()

    async def stop(self) -> None:
        """Cancel everything in the group and wait for it."""
        self._stop.set()
        await asyncio.wait([self._owner])

    async def _own(self, started: asyncio.Future[asyncio.TaskGroup]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                started.set_result(group)
                await self._stop.wait()
                raise _Stopped  # how a group is told to cancel the rest
        except* _Stopped:
            pass


class _Stopped(Exception):
    """The hub stops."""
