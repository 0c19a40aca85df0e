import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from affinage.testing.serving import main
from fakes.logging_restored import logging_restored


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    with logging_restored():
        yield


def order(data: Path, **settings: object) -> list[str]:
    ports = {"https_port": 0, "mqtt_port": 0, "log_level": "error"}
    settings = {"data": str(data), **ports, **settings}
    return [json.dumps({"settings": settings, "ahead": 0.0, "aged": 0.0})]


def test_a_hub_is_moved_and_ends_with_its_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, its = os.pipe()
    with os.fdopen(ours) as stdin, os.fdopen(its, "w") as moves:
        moves.write('{"ahead": 3600, "aged": 0}\n{"ahead": 3600, "aged": 60}\n')
        moves.close()
        monkeypatch.setattr(sys, "stdin", stdin)
        main(order(tmp_path / "data"))
    ready, *times = capsys.readouterr().out.splitlines()
    assert ready.startswith("ready https://localhost:")
    first, second = map(datetime.fromisoformat, times)
    assert 3600 <= (second - first).total_seconds() < 3700


def test_what_keeps_a_hub_from_starting_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(order(tmp_path / "data", throttle="S9"))
    assert ended.value.code == 1
    assert "S9" in capsys.readouterr().err
