"""The operator of the walk-through does not wait for ever, and says what was not as told."""

import io
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from rich.console import Console

from affinage.apps.demo.cast import FIRST
from affinage.apps.demo.operator import DemoFailed, Operator, check
from affinage.apps.demo.show import Show
from affinage.clients.service import ServiceClient
from fakes.looped import looped


class StillHub:
    """A service client of a hub where nothing moves."""

    async def get_configuration(self, _: str) -> dict[str, Any]:
        results = {"targetedCount": 4, "appliedCount": 4}
        return {"systemMetrics": {"results": results}, "metrics": {"results": {"current": 1}}}

    async def query(self, _: str) -> AsyncIterator[dict[str, Any]]:
        yield {"deviceId": "canary-0"}


def operator() -> Operator:
    service = cast(ServiceClient, StillHub())
    return Operator(service, Show(Console(file=io.StringIO())), patience_s=0.01)


@looped
async def test_a_configuration_that_stands_still_has_failed() -> None:
    with pytest.raises(DemoFailed, match=f"{FIRST.id} is not where it should be after 0 s"):
        await operator().watch(FIRST, 4, until=lambda counts: counts["current"] == 4)


@looped
async def test_counts_that_are_as_wanted_end_the_watch() -> None:
    counts = await operator().watch(FIRST, 4, until=lambda counts: counts["current"] == 1)
    assert counts == {"targetedCount": 4, "appliedCount": 4, "current": 1}


@looped
async def test_devices_that_do_not_come_are_counted() -> None:
    with pytest.raises(DemoFailed, match="devices that report: 1 of 4 devices"):
        await operator().wait_for("devices that report", "SELECT", 4)


def test_what_is_not_as_told_is_said() -> None:
    check(True, "never told")
    with pytest.raises(DemoFailed, match="the second group was touched early"):
        check(False, "the second group was touched early")
