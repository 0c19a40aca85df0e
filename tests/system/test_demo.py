"""The walk-through, as somebody runs it who has just installed the hub."""

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from fakes.hub_process import affinage

pytestmark = pytest.mark.system


def demo(data: Path) -> CompletedProcess[str]:
    return affinage("demo", "--devices", 10, "--pace", 0.01, "--data", data)


def test_the_demo_succeeds_once_over_a_folder(tmp_path: Path) -> None:
    first = demo(tmp_path / "data")
    assert (first.returncode, first.stderr) == (0, "")
    assert "All as told." in first.stdout
    second = demo(tmp_path / "data")
    assert second.returncode == 1, "there is a rollout already, and the demo took it for its own"
    assert "chillers-canary-2" in second.stderr


def test_a_demo_that_cannot_have_its_folder_says_why(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    ended = demo(file)
    assert ended.returncode == 1
    assert f"the data folder {file} cannot be used" in ended.stderr.replace("\n", " ")
    assert "All as told." not in ended.stdout
