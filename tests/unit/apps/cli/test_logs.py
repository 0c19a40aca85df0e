import errno
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from affinage.apps.cli import logs


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers = [*root.handlers]
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers


def test_a_log_is_json_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(logging.INFO)
    structlog.get_logger().info("started", port=8443)
    structlog.get_logger().debug("seen by nobody")
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert (line["event"], line["port"], line["level"]) == ("started", 8443, "info")


def test_a_person_reads_it_without_json_and_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    logs.configure(logging.INFO)
    key = "c2VjcmV0"
    try:
        raise ValueError(len(key))
    except ValueError:
        structlog.get_logger().exception("failed")
    told = capsys.readouterr().err
    assert "failed" in told
    assert "ValueError: 8" in told
    assert "c2VjcmV0" not in told
    assert "{" not in told.splitlines()[0]


class Full(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "no space left on the device")

    def flush(self) -> None:
        raise BrokenPipeError


def test_who_logs_goes_on_though_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Full())
    logs.configure(logging.INFO)
    structlog.get_logger().info("started", port=8443)


def test_nothing_in_it_commands_the_terminal_of_who_reads_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    logs.configure(logging.INFO)
    structlog.get_logger().info("refused", device="\x1b]0;owned\x07", reason="\x9b2J", port=1)
    told = capsys.readouterr().err
    assert not [one for one in ("\x07", "\x9b", "\x1b]") if one in told]
    assert "]0;owned" in told
