import logging
from collections.abc import Iterator

import pytest
import structlog
import typer

from affinage.apps.cli.program import app, main
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


OBJECTS = ("device", "module", "config", "deployment", "group")
VERBS = ("list", "show", "create", "update", "delete")


def options(*path: str) -> set[str]:
    command = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]  # it is a group
    return {text for one in command.params for text in one.opts}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("what", OBJECTS)
def test_every_object_has_the_same_verbs_and_they_take_the_same_options(
    what: str, verb: str
) -> None:
    found = options(what, verb)
    assert "--data" in found
    assert ("--json" in found) == (verb != "delete")


def test_one_thing_has_one_name_in_all_commands() -> None:
    for verbs in (("config", "deployment"),):
        for verb in ("list", "show", "delete"):
            assert len({frozenset(options(what, verb)) for what in verbs}) == 1
    assert {"--label", "--group-by"} <= options("config", "list") & options("deployment", "list")
    lists = ("device", "list"), ("twin", "list")
    assert all("--where" in options(*one) for one in lists)
