"""Jobs, as tests ask a `Life` for them."""

from typing import Any, Final

from affinage.domain.values import JsonObject
from affinage.services.jobs.book import Entry
from affinage.services.jobs.outcomes import Outcome
from fakes.life import OWNER, Door, Life, itself, key_of

STOP: Final[JsonObject] = {"methodName": "stop"}


async def update(life: Life, condition: str = "*", job_id: str = "j", **body: Any) -> JsonObject:
    """A job that tags its targets."""
    asked = {
        "type": "scheduleUpdateTwin",
        "queryCondition": condition,
        "updateTwin": {"tags": {"done": job_id}},
        **body,
    }
    return await life.jobs.create(job_id, asked, by=OWNER)


async def call(life: Life, condition: str = "*", job_id: str = "j", **body: Any) -> JsonObject:
    """A job that has its targets stop."""
    asked = {
        "type": "scheduleDeviceMethod",
        "queryCondition": condition,
        "cloudToDeviceMethod": STOP,
        **body,
    }
    return await life.jobs.create(job_id, asked, by=OWNER)


async def come(life: Life, *names: str) -> dict[str, Door]:
    """Devices connect, and take the method."""
    doors = {name: Door(takes={"stop"}) for name in names}
    for name, door in doors.items():
        await life.sessions.attach(key_of(name), door, clean=True, by=itself(name))
        await life.sessions.subscribe(key_of(name), {"$iothub/methods/POST/#": 0}, by=itself(name))
    return doors


async def worked(life: Life, job_id: str = "j", turns: int = 60) -> JsonObject:
    """The job's document after everybody has had many turns."""
    await life.turn(turns)
    return await life.jobs.get(job_id, by=OWNER)


def entry(life: Life, job_id: str = "j") -> Entry:
    found = life.book.find(job_id)
    assert found is not None
    return found


def outcomes(life: Life, job_id: str = "j") -> dict[str, Outcome]:
    """By the target's name, those that had their turn."""
    rows = [row for row in life.book.rows() if row.job.id == job_id]
    return {row.key.path: row.outcome for row in rows if row.outcome is not None}


def statistics(document: JsonObject) -> dict[str, int]:
    """Of the counts those that are not zero."""
    told: Any = document["deviceJobStatistics"]
    return {name.removesuffix("Count"): count for name, count in told.items() if count}
