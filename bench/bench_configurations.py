"""What a report costs with 10 configurations, and with 1,000 of which 10 watch what it changes.

The 10 name the changed path in their conditions and are not met; the others name a path each that
nobody writes. What counts is the hub's processor time for each report, not the rate.
"""

import asyncio
from typing import Any, Final

import figures
import hubs
import uvloop
from figures import Figure
from hubs import Hub

WATCHING: Final = 10
WATCHED: Final = "properties.reported.firmware.fwUpdateSubstatus"
DIALLING: Final = 8


def configuration(number: int) -> dict[str, Any]:
    condition = f"{WATCHED} = 'w{number}'" if number < WATCHING else f"tags.unit{number} = 'x'"
    content = {"deviceContent": {f"properties.desired.unit{number}": {"level": 1}}}
    return {"id": f"c{number:04}", "targetCondition": condition, "content": content}


async def create(hub: Hub, count: int) -> None:
    """Return once they are all in force, and swept."""
    gate = asyncio.Semaphore(DIALLING)

    async def one(number: int) -> None:
        async with gate:
            await service.create_configuration(configuration(number))

    async with hub.service() as service:
        await asyncio.gather(*map(one, range(count)))
    while len(hub.events("swept")) < count:  # noqa: ASYNC110
        await asyncio.sleep(hubs.LOOK_S)


def with_configurations(count: int, twins: int, connections: int, seconds: int) -> dict[str, Any]:
    """What a load measures under so many configurations."""
    with hubs.hub(twins, max_configurations=count) as hub:
        uvloop.run(create(hub, count))
        return hubs.told(hub.load(hub.spread(connections), "--seconds", seconds))


def main() -> None:
    given = hubs.asked(__doc__, twins=20_000, connections=500, few=WATCHING, many=1_000, seconds=10)
    few, many = (
        with_configurations(count, given.twins, given.connections, given.seconds)["hub_us"]
        for count in (given.few, given.many)
    )
    what = f"processor time for a report with {given.many:,} configurations, {WATCHING} watching"
    figures.keep(
        "configurations",
        vars(given),
        [
            Figure(f"{what}, over that with {given.few}", many / few, "times", "≤ 1.5 times"),
            Figure(what, many, "µs", "", "", f"{few:.0f} µs: with {given.few}"),
        ],
    )


if __name__ == "__main__":
    main()
