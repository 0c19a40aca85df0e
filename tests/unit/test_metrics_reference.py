"""The page of metrics says what a hub tells, all of it and nothing else."""

import asyncio
import re
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from affinage.apps.parts import Parts
from affinage.apps.settings import HubSettings
from affinage.ports.exposition import Family
from fakes.hub import running_hub
from fakes.looped import looped

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/reference/metrics.md").read_text()


class Row(NamedTuple):
    name: str
    kind: str
    labels: str
    meaning: str


def row(family: Family) -> Row:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return Row(f"`{family.name}`", family.kind, labels, family.what)


LISTED: Final = [
    Row(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in PAGE.splitlines()
    if line.startswith("| `")
]


def told(data: Path) -> list[Row]:
    """What the parts of a hub tell, as rows of the page."""

    async def opened() -> list[Row]:
        parts = Parts(HubSettings(data))
        try:
            return [row(family) for source in parts.sources() for family in source()]
        finally:
            await parts.close()

    return asyncio.run(opened())


def test_every_metric_is_on_the_page_and_no_other(tmp_path: Path) -> None:
    """METRICS-4"""
    listed = [one for one in LISTED if not one.name.startswith("`process_")]
    found = told(tmp_path / "data")
    assert sorted(listed) == sorted(found), "\n".join(f"| {' | '.join(one)} |" for one in found)


@pytest.mark.parametrize("one", LISTED, ids=lambda one: one.name)
def test_a_name_follows_the_conventions(one: Row) -> None:
    """METRICS-4"""
    assert re.fullmatch(r"`(affinage|process)(_[a-z]+)+`", one.name)
    assert one.name.endswith("_total`") == (one.kind == "counter")
    assert not re.search(r"_(ms|millis|kb|mb|minutes)(_|`)", one.name)
    assert one.meaning.endswith(".")


async def scraped() -> list[Metric]:
    async with running_hub() as hub:
        await hub.device("pump-17")
        await hub.ask("BREW", "/nowhere/pump-17")
        page = await hub.ask("GET", "/metrics")
        assert "pump-17" not in page.text
        assert "BREW" not in page.text
        assert "SharedAccess" not in page.text
        return [*text_string_to_metric_families(page.text)]


@looped
async def test_every_name_has_a_help_and_a_type() -> None:
    """METRICS-4"""
    families = await scraped()
    assert not [one.name for one in families if not one.documentation or one.type == "unknown"]


@looped
async def test_labels_are_those_of_the_page_and_hold_nothing_of_anybody() -> None:
    """METRICS-5"""
    listed = {one.name.strip("`"): {*re.findall(r"`(\w+)`", one.labels)} for one in LISTED}
    for family in await scraped():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples:
            assert {*sample.labels} - {"le"} <= listed[name], sample
