"""services/checks/rows.py."""

from collections.abc import Iterator

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.names import TwinKey
from affinage.ports.store import Key, Row, Table
from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.rows import Rows
from fakes.life import OWNER, Life, living
from fakes.looped import looped


async def found(store: MemoryStore, *faults: str) -> Finding:
    [one] = await Rows(store, lambda: faults).check(Progress())
    return one


async def furnished() -> Life:
    """A life that has left rows in every table."""
    async with living() as life:
        await life.create("a")
        await life.configure("one", "*")
        await life.messages.send(TwinKey("a"), {"body": "x", "ack": "full"}, by=OWNER)
        await life.messages.purge(TwinKey("a"), by=OWNER)
        await life.messages.send(TwinKey("a"), {"body": "x"}, by=OWNER)
    return life


@looped
async def test_rows_that_can_all_be_read_are_well() -> None:
    """NATIVE-26"""
    told = await found((await furnished()).store)
    assert told.severity is Severity.OK
    assert told.what.startswith("all ")


@looped
async def test_every_row_that_cannot_be_read_is_told() -> None:
    """NATIVE-26"""
    store = (await furnished()).store
    torn = [Row(Table.DEVICES, 7, b"\xc1"), Row(Table.POLICIES, "service", b"\x90")]
    await store.commit([*torn, Row(Table.MESSAGES, "a", b"\x90")])
    told = await found(store, "page 3 is never used")
    assert (told.severity, told.what) == (Severity.PROBLEM, "4 faults are in the store")
    assert told.details[0] == "page 3 is never used"
    assert told.details[1].startswith("row 7 of devices cannot be read: ")
    assert told.details[2].startswith("row a of messages cannot be read: ")
    assert told.details[3].startswith("row service of policies cannot be read: ")
    assert "affinage restore" in told.next_step


@looped
async def test_a_table_that_cannot_be_read_to_the_end_is_told() -> None:
    class Torn(MemoryStore):
        def read(self, table: Table) -> Iterator[tuple[Key, bytes]]:
            yield from super().read(table)
            if table is Table.PRESENCE:
                raise OSError("the disk ends here")

    told = await found(Torn())
    assert told.details == ("presence cannot be read to the end: the disk ends here",)
