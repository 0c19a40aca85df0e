"""A query's text to pages of rows: what is on them, where they end, and what leads on."""

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.domain.errors import Forbidden, Invalid, Missing, QuerySyntaxError, UnknownGroup
from affinage.domain.principal import Right
from affinage.domain.query.parse import parse_query
from affinage.domain.query.select import aggregate
from affinage.domain.query.syntax import Collection
from affinage.services.pages import MAX_PAGE, Page
from affinage.services.queries import Continuation
from fakes.life import OWNER, Life, itself, living, policy
from fakes.looped import looped

ALL = "SELECT deviceId FROM devices"
MODULES = "SELECT deviceId, moduleId FROM devices.modules"
SOME = "SELECT deviceId FROM devices WHERE tags.ring = 'a'"


async def ask(life: Life, text: str, token: str | None = None, size: int = 100) -> Page:
    return await life.queries.run(text, continuation=token, max_rows=size, by=OWNER)


def ids(page: Page) -> list[str]:
    return ["/".join(str(value) for value in row.values()) for row in page.rows]


async def pages(life: Life, text: str, size: int) -> list[list[str]]:
    """Every page of an answer."""
    found, token = [], None
    while True:
        page = await ask(life, text, token, size)
        found.append(ids(page))
        if (token := page.continuation) is None:
            return found


@looped
async def test_rows_come_by_device_then_by_module_in_code_points() -> None:
    """QUERY-45"""
    async with living() as life:
        names = ["b", "B", "a", "a-b", "a.b", "_", "$"]
        await life.create(*names, *[f"{name}/m" for name in names], "a/$x", "a/A")
        assert await pages(life, ALL, 100) == [sorted(names)]
        modules = [*((name, "m") for name in names), ("a", "$x"), ("a", "A")]
        assert await pages(life, MODULES, 3) == chunks(["/".join(key) for key in sorted(modules)])


def chunks(rows: list[str], size: int = 3) -> list[list[str]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@looped
async def test_whoever_connects_as_a_service_may_ask() -> None:
    """QUERY-45, ACCESS-7"""
    async with living() as life:
        await life.create("d")
        page = await life.queries.run(ALL, by=policy(Right.SERVICE_CONNECT))
        assert ids(page) == ["d"]
        for by in (policy(Right.REGISTRY_READ | Right.REGISTRY_WRITE), itself("d")):
            with pytest.raises(Forbidden, match="SERVICE_CONNECT"):
                await life.queries.run(ALL, by=by)


@looped
async def test_a_page_has_a_hundred_rows_if_nobody_says_and_a_thousand_at_most() -> None:
    """QUERY-46"""
    async with living() as life:
        entries: list[Any] = [{"id": f"d{number:04}"} for number in range(1100)]
        for start in range(0, len(entries), 100):
            await life.bulk.run(entries[start : start + 100], by=OWNER)
        assert len((await life.queries.run(ALL, by=OWNER)).rows) == 100
        assert len((await ask(life, ALL, size=MAX_PAGE + 50)).rows) == MAX_PAGE == 1000
        assert list(map(len, await pages(life, ALL, 5000))) == [1000, 100]


@pytest.mark.parametrize("size", [0, -1])
@looped
async def test_a_page_has_one_row_at_least(size: int) -> None:
    async with living() as life:
        with pytest.raises(Invalid, match="it has 1 to 1000"):
            await ask(life, ALL, size=size)


@looped
async def test_a_full_last_page_leads_nowhere() -> None:
    """QUERY-47"""
    async with living() as life:
        assert await pages(life, ALL, 2) == [[]]
        await life.create(*"abcd")
        assert await pages(life, ALL, 2) == [["a", "b"], ["c", "d"]]
        assert await pages(life, ALL, 4) == [["a", "b", "c", "d"]]
        await life.create("e")
        assert await pages(life, ALL, 2) == [["a", "b"], ["c", "d"], ["e"]]


@pytest.mark.parametrize(
    ("top", "wanted"),
    [(1, ["a"]), (2, ["ab"]), (3, ["ab", "c"]), (4, ["ab", "cd"]), (9, ["ab", "cd", "e"])],
)
@looped
async def test_top_ends_an_answer_over_pages(top: int, wanted: list[str]) -> None:
    """QUERY-47"""
    async with living() as life:
        await life.create(*"abcde")
        found = await pages(life, ALL.replace("SELECT", f"SELECT TOP {top}"), 2)
        assert found == [[*page] for page in wanted]


@looped
async def test_rows_that_come_and_go_neither_shift_a_page_nor_repeat_a_row() -> None:
    """QUERY-48"""
    async with living() as life:
        await life.create(*"bdfh", tags={"ring": "a"})
        first = await ask(life, SOME, size=2)
        await life.create("a", "c", "e", tags={"ring": "a"})
        for name in "bdf":
            await life.delete(name)
        assert ids(first) == ["b", "d"]
        assert ids(await ask(life, SOME, first.continuation, 2)) == ["e", "h"]


@given(
    st.sets(st.sampled_from("abcdefghij"), min_size=1),
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), st.sampled_from("abcdefghij"))),
)
def test_who_is_there_all_the_time_is_given_exactly_once(
    there: set[str], size: int, changes: list[tuple[bool, str]]
) -> None:
    """QUERY-48"""

    @looped
    async def page_while_others_come_and_go() -> None:
        async with living() as life:
            await life.create(*sorted(there))
            stays, coming = sorted(there)[::2], iter(changes)
            token, given = None, list[str]()
            while True:
                page = await ask(life, ALL, token, size)
                given += ids(page)
                if (token := page.continuation) is None:
                    break
                await come_or_go(life, stays, next(coming, None))
            assert [name for name in given if name in stays] == stays
            assert given == sorted(set(given))

    page_while_others_come_and_go()


async def come_or_go(life: Life, stays: list[str], change: tuple[bool, str] | None) -> None:
    if change is None or change[1] in stays:
        return
    comes, name = change
    if comes == (life.fleet.find(name) is None):
        await (life.create(name) if comes else life.delete(name))


async def refused(life: Life, text: str, token: str) -> None:
    with pytest.raises(Invalid, match="continuation"):
        await ask(life, text, token, 1)


@looped
async def test_a_continuation_is_taken_for_its_own_text_only() -> None:
    """QUERY-49"""
    async with living() as life:
        await life.create(*"abc")
        token = (await ask(life, ALL, size=1)).continuation
        assert token
        for text in (ALL.lower(), ALL + " ", MODULES, "SELECT * FROM devices"):
            await refused(life, text, token)
        await refused(life, "SELECT COUNT() FROM devices", token)


def forged(text: str, **members: Any) -> str:
    told = {"digest": "", "device": "a", "module": None, "given": 1, **members}
    body = [*told.values()]
    body[0] = body[0] or _digest(text)
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(body)).decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("garbage", ["x", "€", "AAAA", "=", "null", "ab==", "x" * 5000])
@looped
async def test_what_was_never_given_out_is_refused(garbage: str) -> None:
    """QUERY-49"""
    async with living() as life:
        await life.create(*"abc")
        await refused(life, ALL, garbage)
        await refused(life, "SELECT COUNT() FROM devices", garbage)


@pytest.mark.parametrize(
    "members", [{"device": 7}, {"module": []}, {"given": "1"}, {"given": 2}, {"given": 99}]
)
@looped
async def test_a_forged_continuation_gives_no_more_than_top(members: dict[str, Any]) -> None:
    """QUERY-49. Beyond TOP it gave every row of the hub at once."""
    async with living() as life:
        await life.create(*"abc")
        text = ALL.replace("SELECT", "SELECT TOP 2")
        assert ids(await ask(life, text, forged(text), 9)) == ["b"]
        await refused(life, text, forged(text, **members))


@looped
async def test_a_continuation_says_where_and_of_what() -> None:
    async with living() as life:
        await life.create("d", "d/m", "d/n")
        token = (await ask(life, MODULES, size=1)).continuation
        assert token
        told = msgspec.msgpack.decode(base64.urlsafe_b64decode(token), type=Continuation)
        assert (told.device, told.module, told.given) == ("d", "m", 1)
        assert ids(await ask(life, MODULES, token)) == ["d/n"]


@looped
async def test_a_star_gives_whole_twins_and_anything_else_rows() -> None:
    async with living() as life:
        await life.create("d")
        whole = await ask(life, "SELECT * FROM devices")
        assert (whole.item_type, whole.rows[0]["deviceId"]) == ("Twin", "d")
        assert "properties" in whole.rows[0]
        raw = await ask(life, ALL)
        assert (raw.item_type, raw.rows) == ("Raw", [{"deviceId": "d"}])


@looped
async def test_there_are_no_jobs_yet() -> None:
    async with living() as life:
        page = await ask(life, "SELECT * FROM devices.jobs")
        assert page == Page("DeviceJob", [], None)


@looped
async def test_no_text_and_no_query_are_refused() -> None:
    async with living() as life:
        with pytest.raises(Missing):
            await ask(life, "")
        with pytest.raises(QuerySyntaxError):
            await ask(life, "SELECT")


AGGREGATES = [
    "SELECT COUNT() FROM devices",
    "SELECT COUNT() AS n, COUNT() FROM devices WHERE tags.ring = 'a'",
    "SELECT COUNT(tags.n) FROM devices",
    "SELECT SUM(tags.n) AS s, MAX(tags.n) AS m FROM devices",
    "SELECT tags.ring, COUNT() FROM devices GROUP BY tags.ring",
    "SELECT COUNT() FROM devices WHERE tags.ring = 'nowhere'",
    "SELECT SUM(tags.n) AS s FROM devices WHERE tags.ring = 'nowhere'",
    "SELECT COUNT() FROM devices.modules",
]


@pytest.mark.parametrize("text", AGGREGATES)
@looped
async def test_counts_and_sums_are_what_evaluating_every_row_gives(text: str) -> None:
    async with living() as life:
        for number, ring in enumerate("aab"):
            await life.create(f"d{number}", f"d{number}/m", tags={"ring": ring, "n": number})
        for _ in range(2):  # the second time with bitmaps
            query = parse_query(text)
            rows = [row async for row in life.fleet.rows(query.collection, query.condition)]
            page = await ask(life, text, size=1)
            assert (page.item_type, page.rows) == ("Raw", aggregate(query, rows))
            assert page.continuation is None
            assert await life.queries.count(query, by=OWNER) == len(page.rows)
            await life.turn()


@looped
async def test_a_metric_counts_rows_and_no_more_than_top() -> None:
    async with living() as life:
        await life.create(*"abc", tags={"ring": "a"})
        for text, wanted in ((SOME, 3), (SOME.replace("SELECT", "SELECT TOP 2"), 2)):
            query = parse_query(text, default=Collection.DEVICES)
            assert await life.queries.count(query, by=policy(Right.REGISTRY_READ)) == wanted
        with pytest.raises(Forbidden):
            await life.queries.count(parse_query(SOME), by=itself("a"))


@looped
async def test_a_tally_looks_at_no_row() -> None:
    async with living() as life:
        await life.create(*"abc", tags={"ring": "a"})
        texts = {
            SOME: 3,
            SOME.replace("SELECT", "SELECT TOP 2"): 2,
            "SELECT COUNT() FROM devices": 1,
            "SELECT tags.ring, COUNT() FROM devices GROUP BY tags.ring": None,
            "SELECT * FROM devices WHERE tags.n > 1": None,
            "SELECT * FROM devices.jobs": None,
        }
        assert life.queries.tally(parse_query(SOME)) is None
        await life.turn()
        assert [life.queries.tally(parse_query(text)) for text in texts] == [*texts.values()]
        counted = [await life.queries.count(parse_query(text), by=OWNER) for text in texts]
        assert counted == [3, 2, 1, 1, 0, 0]


@looped
async def test_a_query_may_name_a_group_that_there_is() -> None:
    """GROUP-3, GROUP-4"""
    async with living() as life:
        await life.create("a", tags={"ring": "a"})
        await life.create("b")
        await life.group("early", "tags.ring = 'a'")
        text = "SELECT deviceId FROM devices WHERE {}GROUP('early')"
        page = await life.queries.run(text.format(""), by=OWNER)
        assert page.rows == [{"deviceId": "a"}]
        with pytest.raises(UnknownGroup, match="no group late"):
            await life.queries.run(text.format("GROUP('late') OR "), by=OWNER)
