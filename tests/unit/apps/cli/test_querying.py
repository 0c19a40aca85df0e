import asyncio
import csv
from collections.abc import AsyncIterator
from typing import Any

import pytest

from affinage.apps.cli.querying import PAGE, in_pages
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine


@pytest.fixture(scope="module", autouse=True)
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "--count", "3", "--prefix", "q", "--tag", "site.city=Lyon")
    affinage.ok("device", "create", "odd", "--tag", 'note=a "b", c')
    affinage.ok("module", "create", "odd", "m")


def test_columns_are_those_of_the_query_in_its_order(affinage: CommandLine) -> None:
    text = "SELECT tags.site.city, deviceId AS id FROM devices WHERE tags.site.city = 'Lyon'"
    answer = affinage.ok("query", text).lines
    assert [line.split() for line in answer[:2]] == [["city", "id"], ["Lyon", "q-00000"]]
    assert len(answer) == 4


def test_json_is_one_array_with_a_row_in_a_line(affinage: CommandLine) -> None:
    assert affinage.json("query", "SELECT COUNT() AS n FROM devices") == [{"n": 4}]
    assert affinage.json("query", "SELECT * FROM devices WHERE tags.x = 1") == []
    rows: Any = affinage.json("query", "SELECT deviceId FROM devices")
    assert [row["deviceId"] for row in rows] == ["odd", "q-00000", "q-00001", "q-00002"]


def test_csv_has_a_header_and_every_column(affinage: CommandLine) -> None:
    answer = affinage.ok("query", "SELECT deviceId, tags.note FROM devices", "--csv")
    rows = list(csv.reader(answer.out.splitlines()))
    assert rows[:3] == [["deviceId", "note"], ["odd", 'a "b", c'], ["q-00000", ""]]


def test_csv_of_no_rows_is_its_header(affinage: CommandLine) -> None:
    text = "SELECT deviceId, tags.note FROM devices WHERE tags.x = 1"
    assert affinage.ok("query", text, "--csv").out == "deviceId,note\n"


def test_csv_of_whole_twins_has_every_member(affinage: CommandLine) -> None:
    answer = affinage.ok("query", "SELECT * FROM devices", "--csv")
    header = answer.out.splitlines()[0].split(",")
    assert {"deviceId", "tags", "properties", "configurations"} <= {*header}


def test_whole_twins_are_shown_by_what_people_look_for(affinage: CommandLine) -> None:
    of_devices = affinage.ok("query", "SELECT * FROM devices").lines
    of_modules = affinage.ok("query", "SELECT * FROM devices.modules").lines
    assert of_devices[0].split() == ["deviceId", "status", "connectionState", "firmware", "tags"]
    assert of_modules[1].split()[:2] == ["odd", "m"]


def test_of_no_rows_a_table_has_its_head(affinage: CommandLine) -> None:
    assert affinage.ok("query", "SELECT deviceId FROM devices WHERE tags.x = 1").lines == [
        "deviceId"
    ]


def test_a_mistake_is_shown_with_its_place_and_nothing_on_stdout(affinage: CommandLine) -> None:
    answer = affinage("query", "SELECT * FROM devices WHERE a = = 1", "--csv")
    assert (answer.status, answer.out) == (1, "")
    problem, line, caret = answer.err.split("\n")
    assert line[caret.index("^")] == "="
    assert "expected a value" in problem


def test_it_is_json_or_csv(affinage: CommandLine) -> None:
    assert affinage("query", "SELECT * FROM devices", "--json", "--csv").status == 2


def test_rows_come_in_pages_none_lost_and_none_empty() -> None:
    async def rows(count: int) -> AsyncIterator[JsonObject]:
        for number in range(count):
            yield {"n": number}

    async def sizes(count: int) -> list[int]:
        return [len(page) async for page in in_pages(rows(count))]

    assert asyncio.run(sizes(0)) == []
    assert asyncio.run(sizes(PAGE)) == [PAGE]
    assert asyncio.run(sizes(PAGE + 1)) == [PAGE, 1]


def test_of_rows_of_jobs_tables_have_the_outcome_and_csv_all(affinage: CommandLine) -> None:
    """JOB-20"""
    affinage("job", "create", "q", "--where", "deviceId = 'odd'", "--method", "m", "--wait")
    table = affinage.ok("query", "SELECT * FROM devices.jobs").lines
    assert table[0].split() == [
        *("deviceId", "moduleId", "jobId", "status", "ended", "answer", "error")
    ]
    assert table[1].split()[:3] == ["odd", "q", "failed"]
    head, row = csv.reader(affinage.ok("query", "SELECT * FROM devices.jobs", "--csv").lines)
    shown = dict(zip(head, row, strict=True))
    assert {name for name, text in shown.items() if text} == {
        *affinage.json("query", "SELECT * FROM devices.jobs")[0]
    }
