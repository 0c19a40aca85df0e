"""apps/examining.py: a data folder that no hub serves from."""

from pathlib import Path

import pytest

from affinage.adapters.sqlite.store import SqliteStore
from affinage.apps.examining import examine, machine
from affinage.apps.hub import Hub
from affinage.apps.settings import HubSettings
from affinage.domain.errors import Unavailable
from affinage.ports.store import Row, Table
from affinage.services.checks.finding import Severity
from affinage.services.doctor import Examination
from fakes.life import OWNER, key_of
from fakes.looped import looped


async def furnish(folder: Path) -> None:
    """Have a hub leave a device and a configuration in the folder."""
    async with Hub(HubSettings(folder, https_port=0, mqtt_port=0)) as hub:
        await hub.parts.registry.create(key_of("a"), {}, by=OWNER)
        await hub.parts.configurations.put("one", {"targetCondition": "*"}, if_match=None, by=OWNER)
        await hub.parts.sweeps.finished()


async def write(folder: Path, *rows: Row) -> None:
    store = SqliteStore(folder / "hub.db")
    await store.commit(rows)
    await store.close()


@looped
async def test_a_folder_that_is_well_is_left_as_it_is(tmp_path: Path) -> None:
    """NATIVE-26"""
    await furnish(tmp_path)
    before, told = (tmp_path / "hub.db").read_bytes(), list[Examination]()
    examination = await examine(tmp_path, told.append)
    assert examination.severity is Severity.OK
    checks = [one.check for one in examination.findings]
    assert (checks[0], checks[-2:]) == ("store", ["reconciled", "counts"])
    assert told[-1].ended_at is not None
    assert (tmp_path / "hub.db").read_bytes() == before


@looped
async def test_where_a_row_cannot_be_read_nothing_else_is_examined(tmp_path: Path) -> None:
    """NATIVE-26"""
    await furnish(tmp_path)
    await write(tmp_path, Row(Table.DEVICES, 99, b"\xc1"))
    examination = await examine(tmp_path, lambda _: None)
    [finding] = examination.findings
    assert (finding.check, finding.severity) == ("store", Severity.PROBLEM)
    assert finding.details[0].startswith("row 99 of devices cannot be read")


@looped
async def test_a_folder_without_a_store_cannot_be_examined(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"hub\.db cannot be opened"):
        await examine(tmp_path, lambda _: None)


def test_the_certificate_that_was_given_is_the_one_that_counts(tmp_path: Path) -> None:
    assert machine(tmp_path).certificates() == []
    assert machine(tmp_path, tmp_path / "own.pem").certificates() == []
