"""To delete several things by one command, each told when it is gone."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from affinage.apps.cli.output import say
from affinage.apps.cli.reach import ask
from affinage.clients.service import ServiceClient

Delete = Callable[[ServiceClient, str], Awaitable[None]]


def delete_each(data: Path | None, what: str, names: Sequence[str], delete: Delete) -> None:
    """One after the other; what is refused ends it, and those before it are gone."""

    async def gone(hub: ServiceClient) -> None:
        for name in names:
            await delete(hub, name)
            say(f"{what} {name} is deleted")

    ask(data, gone)
