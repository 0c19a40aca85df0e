"""services/metrics.py."""

import pytest

from affinage.adapters.memory.store import MemoryStore
from affinage.domain.errors import Forbidden
from affinage.domain.principal import Kind, Principal, Right
from affinage.ports.exposition import Family, Page
from affinage.services.metrics import Engine, Metrics
from fakes.life import Life, living
from fakes.looped import looped


class Blank:
    """An exposition of nothing."""

    async def page(self, accept: str) -> Page:
        return Page(accept, b"")


def families(life: Life) -> dict[str, Family]:
    engine = Engine(life.fleet, MemoryStore(), life.tending, life.sweeps, life.sessions)
    return {family.name: family for family in engine.families()}


def value(family: Family, *labels: str) -> object:
    return next(one.value for one in family.samples if (*one.labels,) == labels)


@pytest.mark.parametrize("right", [Right.DEVICE_CONNECT, Right(0)])
@looped
async def test_who_has_another_right_may_not_look(right: Right) -> None:
    """METRICS-2"""
    by = Principal(Kind.POLICY, "device", "https", "r", right)
    with pytest.raises(Forbidden, match="lacks the right REGISTRY_READ or SERVICE_CONNECT"):
        await Metrics(Blank()).page("", by=by)


@looped
async def test_who_has_the_right_sees_the_page_in_the_format_asked_for() -> None:
    """METRICS-2, METRICS-3"""
    by = Principal(Kind.POLICY, "service", "https", "r", Right.SERVICE_CONNECT)
    assert await Metrics(Blank()).page("text/plain", by=by) == Page("text/plain", b"")


@looped
async def test_it_tells_what_the_hub_holds() -> None:
    """METRICS-1"""
    async with living() as life:
        await life.create("d", "d/m", "e")
        await life.configure("one", "*")
        await life.settle()
        found = families(life)
    assert value(found["affinage_devices"]) == 2
    assert value(found["affinage_modules"]) == 1
    assert value(found["affinage_configurations"]) == 1
    assert value(found["affinage_reconcile_tokens_total"], "taken") == 2
    assert value(found["affinage_pending_devices"], "failed") == 0
    assert (value(found["affinage_sweeps"]), value(found["affinage_sessions"])) == (0, 0)
