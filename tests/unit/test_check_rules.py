"""The check of the rules catches each of its three breaches."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

CHECK: Final = Path(__file__).parents[2] / "tools/check_rules.py"
OAK: Final = "OAK"  # ids are put together, lest this file itself cites rules that are not there


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("docs/spec", "src", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs/spec/oak.md").write_text(f"- **{OAK}-1** It stands.\n")
    (tmp_path / "tests/test_oak.py").write_text(f'"""{OAK}-1."""\n')
    return tmp_path


def verdict(project: Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(CHECK), str(project)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()[:-1]


def test_a_rule_that_a_test_cites_is_kept(project: Path) -> None:
    assert verdict(project) == (0, [])


def test_a_rule_that_no_test_cites_is_named(project: Path) -> None:
    (project / "tests/test_oak.py").write_text(f"# {OAK}-10 {OAK}-1-1 X{OAK}-1")
    code, found = verdict(project)
    assert code == 1
    assert f"{OAK}-1: no test cites it" in found


def test_an_id_that_no_page_states_is_named_with_its_file(project: Path) -> None:
    (project / "src/oak.py").write_text(f"# {OAK}-2, and RFC-7396, UTF-8, SHA-256")
    assert verdict(project) == (1, [f"{OAK}-2: cited in src/oak.py, stated nowhere"])


def test_a_test_may_call_a_device_what_it_likes(project: Path) -> None:
    with (project / "tests/test_oak.py").open("a") as test:
        test.write(f"device = 'PUMP-1'\n# {OAK}-3\n")
    assert verdict(project) == (1, [f"{OAK}-3: cited in tests/test_oak.py, stated nowhere"])


def test_a_number_that_begins_with_zero_is_no_rules(project: Path) -> None:
    (project / "src/oak.py").write_text("PREFIX-00000 and on")
    assert verdict(project) == (0, [])


def test_a_rule_stated_twice_is_named(project: Path) -> None:
    (project / "docs/spec/elm.md").write_text(f"- **{OAK}-1** It falls.\n")
    assert verdict(project) == (1, [f"{OAK}-1: stated 2 times"])
