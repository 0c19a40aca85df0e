"""services/checks/uploaded.py."""

import pytest

from affinage.services.checks.finding import Finding, Progress, Severity
from affinage.services.checks.uploaded import Uploaded
from affinage.services.room import Room
from fakes.looped import looped


@pytest.mark.parametrize(
    ("taken", "severity", "step"), [(89, Severity.OK, ""), (90, Severity.WARNING, "delete files")]
)
@looped
async def test_room_that_is_nearly_taken_is_told(taken: int, severity: Severity, step: str) -> None:
    """NATIVE-25"""
    room = Room(max_total=100)
    room.found(taken)
    [found] = await Uploaded(room).check(Progress())
    what = f"files take {taken} of 100 bytes"
    assert found == Finding("uploads", severity, what, found.next_step)
    assert step in found.next_step


@looped
async def test_a_hub_that_takes_no_files_has_none_to_look_at() -> None:
    """NATIVE-25"""
    assert await Uploaded(None).check(Progress()) == []
