import logging
from collections.abc import Iterator

import pytest
import structlog

from affinage.apps.cli.program import main
from fakes.command_line import run


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers = [*root.handlers]
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers


def status(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--version") == 0
    assert capsys.readouterr().out.startswith("affinage 0.")


def test_a_command_that_is_refused_exits_1_and_answers_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status("device", "list", "--data", "/nowhere") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: no hub has served from /nowhere")
    assert "affinage serve" in err


def test_a_command_that_is_spelled_wrongly_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("device", "lost") == 2
    assert status("connection-string", "--module", "m") == 2
    assert capsys.readouterr().out == ""


def test_without_words_it_teaches() -> None:
    assert "affinage demo" in run().out
