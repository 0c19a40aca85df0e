"""Messages to devices, as tests ask a `Life` for them."""

from typing import Any

from affinage.services.messages import TEND_S
from fakes.life import OWNER, Door, Life, itself, key_of


async def send(life: Life, *bodies: str, name: str = "d", **said: Any) -> None:
    for body in bodies:
        await life.messages.send(key_of(name), {"body": body, **said}, by=OWNER)
    await life.turn(20)


async def connected(life: Life, name: str = "d", quality: int | None = 1) -> Door:
    door = Door(quality=quality)
    await life.sessions.attach(key_of(name), door, clean=False, by=itself(name))
    life.sessions.ready(key_of(name), by=itself(name))
    await life.turn(20)
    return door


async def gone(life: Life, door: Door, name: str = "d") -> None:
    await life.sessions.detach(key_of(name), door, by=itself(name))


async def complete(life: Life, *numbers: int, name: str = "d") -> None:
    for number in numbers:
        life.messages.complete(key_of(name), number, by=itself(name))
    await life.turn(20)


async def tended(life: Life, seconds: float = TEND_S) -> None:
    life.clock.advance(seconds)
    await life.turn(30)


async def told(life: Life) -> list[tuple[str, str]]:
    """What a back end is told, record by record; it takes notice."""
    batch = await life.shelf.receive(by=OWNER)
    if batch is None:
        return []
    await life.shelf.complete(batch.token, by=OWNER)
    return [(one.message_id, str(one.fate)) for one in batch.records]


def waiting(life: Life, name: str = "d") -> int:
    return life.fleet.presence(key_of(name)).waiting


def bodies(door: Door) -> list[str]:
    return [message.body.decode() for message in door.delivered]
