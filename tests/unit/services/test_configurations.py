"""Configurations: created, changed, deleted, counted; and who may."""

import asyncio
from typing import Any

import pytest

from affinage.domain.errors import (
    AffinageError,
    ConfigurationExists,
    ConfigurationNotFound,
    EtagMismatch,
    Forbidden,
    ImmutableContent,
    Invalid,
    InvalidTargetCondition,
    MetricNotFound,
    TooManyConfigurations,
    Unavailable,
)
from affinage.domain.principal import Right
from affinage.domain.query.syntax import Collection
from affinage.domain.values import JsonObject
from affinage.ports.store import Table
from affinage.services.configurations import whole_query
from affinage.services.counts import FRESH_S, Question
from fakes.life import OWNER, Life, itself, living, policy
from fakes.looped import looped

LIMIT = 5
CONTENT: JsonObject = {"deviceContent": {"properties.desired.x": 1}}


async def put(life: Life, name: str = "one", if_match: str | None = None, **body: Any) -> Any:
    given = {"content": CONTENT, "targetCondition": "*", **body}
    return await life.configurations.put(name, given, if_match=if_match, by=OWNER)


async def get(life: Life, name: str = "one") -> Any:
    return await life.configurations.get(name, by=OWNER)


async def counts(life: Life, name: str = "one") -> dict[str, int]:
    shown = await get(life, name)
    return {**shown["systemMetrics"]["results"], **shown["metrics"]["results"]}


async def delete(life: Life, name: str = "one", if_match: str | None = None) -> None:
    await life.configurations.delete(name, if_match=if_match, by=OWNER)


@looped
async def test_what_is_created_is_shown() -> None:
    async with living() as life:
        made = await put(life, labels={"a": "b"}, priority=3)
        assert (made["id"], made["priority"], made["labels"]) == ("one", 3, {"a": "b"})
        assert await get(life) == made
        listed = await life.configurations.list_all(by=OWNER)
        assert listed == [made]


@looped
async def test_without_an_etag_what_exists_is_not_touched() -> None:
    async with living() as life:
        await put(life)
        before = dict(life.store.read(Table.CONFIGURATIONS))
        with pytest.raises(ConfigurationExists, match="'one' already exist"):
            await put(life, priority=9)
        assert dict(life.store.read(Table.CONFIGURATIONS)) == before


@looped
async def test_the_right_etag_or_any_changes_it() -> None:
    """CONFIGURATION-17"""
    async with living() as life:
        first = (await put(life))["etag"]
        second = await put(life, if_match=first, priority=1)
        third = await put(life, if_match="*", priority=2)
        assert len({first, second["etag"], third["etag"]}) == 3
        assert (await get(life))["priority"] == 2


@pytest.mark.parametrize("stale", ["", "MTI=", "x"])
@looped
async def test_another_etag_is_refused_and_nothing_changes(stale: str) -> None:
    """CONFIGURATION-17"""
    async with living() as life:
        await put(life)
        await life.settle()
        before = dict(life.store.read(Table.CONFIGURATIONS))
        for attempt in (put(life, if_match=stale), delete(life, if_match=stale)):
            with pytest.raises(EtagMismatch):
                await attempt
        assert dict(life.store.read(Table.CONFIGURATIONS)) == before
        assert life.keys(Table.SWEEPS) == []


@looped
async def test_of_two_writers_with_one_etag_exactly_one_wins() -> None:
    """CONFIGURATION-17"""
    async with living() as life:
        etag = (await put(life))["etag"]
        both = [put(life, if_match=etag, priority=priority) for priority in (1, 2)]
        found = await asyncio.gather(*both, return_exceptions=True)
        assert [isinstance(one, EtagMismatch) for one in found] == [False, True]


@looped
async def test_what_is_not_there_is_neither_shown_nor_changed_nor_deleted() -> None:
    async with living() as life:
        await put(life, "gone")
        await delete(life, "gone")
        for name in ("never", "gone"):
            for attempt in (
                get(life, name),
                put(life, name, if_match="*"),
                put(life, name, if_match="MQ=="),
                delete(life, name),
                delete(life, name, if_match="*"),
            ):
                with pytest.raises(ConfigurationNotFound, match=f"no configuration {name}"):
                    await attempt


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("Upper", {}, Invalid),
        ("one", {"targetCondition": "tags."}, InvalidTargetCondition),
        ("one", {"priority": -1}, Invalid),
        ("one", {"id": "other"}, Invalid),
    ],
)
@looped
async def test_bad_input_makes_nothing(
    name: str, body: dict[str, Any], error: type[AffinageError]
) -> None:
    async with living() as life:
        with pytest.raises(error):
            await put(life, name, **body)
        assert life.keys(Table.CONFIGURATIONS) + life.keys(Table.SWEEPS) == []


@looped
async def test_another_content_is_refused() -> None:
    async with living() as life:
        await put(life)
        other = {"deviceContent": {"properties.desired.x": 2}}
        with pytest.raises(ImmutableContent):
            await put(life, if_match="*", content=other)


@looped
async def test_the_hub_has_a_limit_that_tombstones_do_not_fill() -> None:
    async with living() as life:
        for number in range(LIMIT):
            await put(life, f"c{number}")
        with pytest.raises(TooManyConfigurations, match="5 of 5 configurations"):
            await put(life, "more")
        await put(life, "c0", if_match="*", priority=1)
        await delete(life, "c0")
        await put(life, "more")


@looped
async def test_made_again_it_has_a_higher_generation_than_anything_carried() -> None:
    async with living() as life:
        await life.create("d")
        await put(life, "one")
        await put(life, "two")
        await life.settle()
        carried = life.stored()["d"].carried
        await delete(life, "one")
        await put(life, "one")
        again = life.fleet.configuration("one")
        assert again
        assert (carried, again.generation) == ({"one": 1, "two": 2}, 3)


@looped
async def test_configurations_are_listed_oldest_first() -> None:
    async with living() as life:
        for name in ("b", "a", "c"):
            await put(life, name)
            life.clock.advance(1)
        await delete(life, "a")
        everything = await life.configurations.list_all(by=OWNER)
        assert [one["id"] for one in everything] == ["b", "c"]
        assert [one["id"] for one in await life.configurations.list_all(1, by=OWNER)] == ["b"]


@looped
async def test_counts_are_the_rows_of_the_queries_that_are_shown() -> None:
    """CONFIGURATION-15"""
    async with living() as life:
        await life.create("a", "b", tags={"ring": "a"})
        await life.create("c", "c/m", tags={"ring": "b"})
        modules = "SELECT * FROM devices.modules"
        queries = {"rings": "SELECT deviceId FROM devices WHERE tags.ring = 'b'", "m": modules}
        await put(life, targetCondition="tags.ring = 'a'", metrics={"queries": queries})
        await life.settle()
        life.clock.advance(FRESH_S)
        shown = await get(life)
        for metrics in (shown["systemMetrics"], shown["metrics"]):
            for name, text in metrics["queries"].items():
                page = await life.queries.run(text, by=OWNER)
                assert metrics["results"][name] == len(page.rows), name
        assert await counts(life) == {"targetedCount": 2, "appliedCount": 2, "rings": 1, "m": 1}


@looped
async def test_counts_of_an_edge_deployment_are_the_rows_of_its_queries() -> None:
    """CONFIGURATION-15"""
    async with living() as life:
        await life.create("gw", edge=True)
        await life.create("d")
        content = {"modulesContent": {"$edgeAgent": {"properties.desired.x": 1}}}
        await put(life, content=content)
        await life.settle()
        life.clock.advance(FRESH_S)
        shown = await get(life)
        for name, text in shown["systemMetrics"]["queries"].items():
            page = await life.queries.run(text, by=OWNER)
            assert shown["systemMetrics"]["results"][name] == len(page.rows), name
        assert shown["systemMetrics"]["results"]["targetedCount"] == 1


@looped
async def test_what_targets_nothing_counts_nothing() -> None:
    async with living() as life:
        await life.create("d")
        await put(life, targetCondition="")
        await life.settle()
        assert await counts(life) == {"targetedCount": 0, "appliedCount": 0}


@looped
async def test_counts_follow_within_a_quarter_of_a_second() -> None:
    """CONFIGURATION-22"""
    async with living() as life:
        await life.create("a")
        await put(life)
        await life.settle()
        for number, name in enumerate("bc", start=2):
            await life.create(name)
            life.clock.advance(FRESH_S)
            assert (await counts(life))["targetedCount"] == number


@looped
async def test_behind_every_number_there_is_the_list_of_its_rows() -> None:
    """CONFIGURATION-33"""
    async with living() as life:
        await life.create("a", "b", "a/m", "b/m", tags={"ring": "x"})
        content = {"moduleContent": {"properties.desired.x": 1}}
        queries = {"all": "SELECT moduleId", "jobs": "SELECT * FROM devices.jobs"}
        condition = "from devices.modules where tags.ring = 'x'"
        metrics = {"queries": queries}
        await put(life, targetCondition=condition, content=content, metrics=metrics)
        await life.settle()
        life.clock.advance(FRESH_S)
        shown = await life.configurations.metrics("one", by=OWNER)
        assert [one.name for one in shown] == ["targetedCount", "appliedCount", "all", "jobs"]
        for one in shown:
            assert one.counted
            assert one.counted.rows == len(await listed(life, one.name))
            assert one.counted.rows == (0 if one.name == "jobs" else 2)


async def listed(life: Life, metric: str, size: int = 1) -> list[JsonObject]:
    """All rows behind a number, page by page."""
    rows: list[JsonObject] = []
    after: str | None = None
    while True:
        page = await life.configurations.rows("one", metric, after=after, limit=size, by=OWNER)
        rows, after = rows + page.rows, page.continuation
        if after is None:
            return rows


@looped
async def test_a_metric_without_a_collection_is_listed_by_the_whole_query() -> None:
    """CONFIGURATION-33"""
    assert whole_query(Question("SELECT moduleId", Collection.MODULES)) == (
        "SELECT moduleId FROM devices.modules"
    )
    text = "select * from devices"
    assert whole_query(Question(text, Collection.MODULES)) == text


@looped
async def test_no_list_is_behind_no_text_and_none_behind_no_metric() -> None:
    async with living() as life:
        await put(life, targetCondition="")
        assert await listed(life, "targetedCount") == []
        with pytest.raises(MetricNotFound, match="one has no metric lost"):
            await listed(life, "lost")
        by = policy(Right.REGISTRY_READ)
        with pytest.raises(Forbidden):
            await life.configurations.rows("one", "appliedCount", after=None, limit=1, by=by)


@looped
async def test_counts_are_forgotten_with_a_configuration() -> None:
    async with living() as life:
        await life.create("a")
        await put(life)
        await delete(life)
        await life.settle()
        await life.create("b")
        await put(life)
        assert (await counts(life))["targetedCount"] == 2


@looped
async def test_configurations_are_read_and_written_with_their_rights() -> None:
    """ACCESS-5"""
    async with living() as life:
        await put(life)
        one = life.configurations
        for right in (Right.REGISTRY_READ, Right.SERVICE_CONNECT, Right.REGISTRY_WRITE):
            by = policy(right)
            assert (await one.get("one", by=by))["id"] == "one"
            assert len(await one.list_all(by=by)) == 1
            assert await one.test_queries({"targetCondition": "*"}, by=by)
        for by in (policy(Right.DEVICE_CONNECT), itself("d")):
            for read in (one.get("one", by=by), one.list_all(by=by), one.test_queries({}, by=by)):
                with pytest.raises(Forbidden, match="REGISTRY_READ or SERVICE_CONNECT"):
                    await read


@looped
async def test_who_may_not_write_writes_nothing() -> None:
    """ACCESS-5"""
    async with living() as life:
        await put(life)
        one = life.configurations
        by = policy(Right.REGISTRY_READ | Right.SERVICE_CONNECT)
        for write in (
            one.put("two", {}, if_match=None, by=by),
            one.delete("one", if_match=None, by=by),
        ):
            with pytest.raises(Forbidden, match="REGISTRY_WRITE"):
                await write
        assert life.keys(Table.CONFIGURATIONS) == ["one"]


@looped
async def test_a_test_of_queries_stores_nothing() -> None:
    """CONFIGURATION-16"""
    async with living() as life:
        body: JsonObject = {"targetCondition": "tags.", "customMetricQueries": {"m": "SELECT"}}
        told: Any = await life.configurations.test_queries(body, by=OWNER)
        assert "expected" in told["targetConditionError"]
        assert "metric m" in told["customMetricQueryErrors"]["m"]
        assert life.keys(Table.CONFIGURATIONS) == []


@looped
async def test_a_failed_commit_leaves_the_configuration_as_it_was() -> None:
    async with living() as life:
        await put(life)
        await life.settle()
        before = life.fleet.configuration("one")
        life.disk.fails = True
        for write in (put(life, if_match="*", priority=9), delete(life), put(life, "two")):
            with pytest.raises(Unavailable):
                await write
        life.disk.fails = False
        await life.settle()
        assert (life.fleet.configuration("one"), life.fleet.configuration("two")) == (before, None)


@looped
async def test_those_with_a_label_come_in_pages() -> None:
    """CONFIGURATION-41, NATIVE-6"""
    async with living() as life:
        for name, labels in (("c", {"w": "x"}), ("a", {"w": "x"}), ("b", {"w": "y"}), ("d", None)):
            await put(life, name, labels=labels)

        async def page(**asked: Any) -> tuple[list[Any], str | None]:
            found = await life.configurations.page(by=OWNER, **asked)
            return [one["id"] for one in found.rows], found.continuation

        assert await page(labels={"w": "x"}, limit=1) == (["a"], "a")
        assert await page(labels={"w": "x"}, after="a") == (["c"], None)
        assert await page(labels={"w": None}) == (["a", "b", "c"], None)
        assert await page(labels={}) == (["a", "b", "c", "d"], None)
        with pytest.raises(Invalid, match="page of 0"):
            await page(labels={}, limit=0)
