"""services/jobs/outcomes.py and book.py: the rows of `devices.jobs`."""

from typing import Any

import pytest

from affinage.domain.values import JsonObject
from affinage.services.limits import Operation, Rate
from fakes.life import OWNER, Life, itself, key_of, living
from fakes.looped import looped
from fakes.working import call, come, update, worked

ALL = "SELECT * FROM devices.jobs"


async def asked(life: Life, text: str, **page: Any) -> list[Any]:
    return (await life.queries.run(text, by=OWNER, **page)).rows


@looped
async def test_each_target_is_a_row_also_before_its_turn() -> None:
    """JOB-20, JOB-21"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await update(life)
        await worked(life)
        at = "2025-01-01T00:00:00Z"
        of_job = {"jobId": "j", "jobType": "scheduleUpdateTwin", "createdDateTimeUtc": at}
        nothing = {"deviceMethodResponse": None}
        done, waiting = await asked(life, ALL)
        assert done == {
            "deviceId": "a",
            **of_job,
            "status": "completed",
            "startTimeUtc": at,
            "endTimeUtc": at,
            "lastUpdatedDateTimeUtc": at,
            "outcome": nothing,
        }
        assert waiting == {
            "deviceId": "b",
            **of_job,
            "status": "pending",
            "lastUpdatedDateTimeUtc": at,
            "outcome": nothing,
        }


@looped
async def test_an_answer_and_an_error_are_in_the_row() -> None:
    """JOB-17, JOB-20"""
    async with living() as life:
        await life.create("a", "d", "d/m")
        doors = await come(life, "a")
        await call(life)
        await worked(life)
        life.methods.answer(key_of("a"), doors["a"].asked[0][1], 201, b"[1]", by=itself("a"))
        await worked(life)
        answered, away = await asked(life, ALL)
        assert answered["outcome"] == {"deviceMethodResponse": {"status": 201, "payload": [1]}}
        assert away["error"]["code"] == "device_not_online"
        await update(life, "FROM devices.modules WHERE moduleId = 'm'", job_id="of-a-module")
        await worked(life, "of-a-module")
        [row] = await asked(life, f"{ALL} WHERE moduleId = 'm'")
        assert (row["deviceId"], row["moduleId"]) == ("d", "m")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("devices.jobs.jobId = 'j'", ["a", "b"]),
        ("deviceId = 'b'", ["b"]),
        ("status = 'completed' AND jobType = 'scheduleUpdateTwin'", ["a", "b"]),
        ("devices.jobs.createdTimeUtc > '2024-12-31T00:00:00Z'", ["a", "b"]),
        ("IS_DEFINED(error)", []),
        ("jobId = 'k'", []),
    ],
)
@looped
async def test_rows_are_selected_by_what_they_show(condition: str, found: list[str]) -> None:
    """JOB-20"""
    async with living() as life:
        await life.create("a", "b")
        await update(life)
        await worked(life)
        rows = await asked(life, f"{ALL} WHERE {condition}")
        assert [row["deviceId"] for row in rows] == found


@looped
async def test_rows_come_by_job_and_target_page_by_page() -> None:
    """JOB-22"""
    async with living() as life:
        await life.create("c", "b", "a")
        for job_id in ("two", "one"):
            await update(life, job_id=job_id)
            await worked(life, job_id)
        found, token = [], None
        while True:
            page = await life.queries.run(ALL, continuation=token, max_rows=2, by=OWNER)
            assert page.item_type == "DeviceJob"
            found += [(row["jobId"], row["deviceId"]) for row in page.rows]
            if (token := page.continuation) is None:
                break
        assert found == [(job, name) for job in ("one", "two") for name in "cba"]


@looped
async def test_who_is_gone_before_its_turn_has_no_row_and_after_it_has() -> None:
    """JOB-14"""
    async with living(life=Life(throttle={Operation.JOB_DEVICE: Rate(1, 10)})) as life:
        await life.create("a", "b")
        await update(life)
        await worked(life)
        await life.delete("a")
        await life.delete("b")
        assert [row["deviceId"] for row in await asked(life, ALL)] == ["a"]


@looped
async def test_rows_are_counted_for_metrics_as_they_come() -> None:
    async with living() as life:
        await life.create("a", "b")
        body: JsonObject = {
            "targetCondition": "*",
            "metrics": {"queries": {"done": f"{ALL} WHERE status = 'completed'"}},
        }
        await life.configurations.put("one", body, if_match=None, by=OWNER)
        await life.settle()
        life.clock.advance(1)
        await life.turn()
        await update(life)
        await worked(life)
        life.clock.advance(1)
        await life.turn(20)
        shown: Any = await life.configurations.get("one", by=OWNER)
        assert shown["metrics"]["results"] == {"done": 2}
