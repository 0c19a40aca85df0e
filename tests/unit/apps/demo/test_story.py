"""The story's ends other than the good one; that one the command's own test tells."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from affinage.apps.demo.operator import DemoFailed
from affinage.apps.demo.show import Show
from affinage.apps.demo.story import DemoSettings, tell
from fakes.looped import looped


@looped
async def test_a_story_that_is_stopped_ends_at_once_and_has_failed(tmp_path: Path) -> None:
    stop, told = asyncio.Event(), io.StringIO()
    stop.set()
    with pytest.raises(ExceptionGroup) as failed:
        await tell(DemoSettings(tmp_path / "hub", 4, pace=1), Show(Console(file=told)), stop)
    assert failed.group_contains(DemoFailed, match="stopped before its end")
    assert "ready https://" in told.getvalue()
    assert "all are back" not in told.getvalue()
