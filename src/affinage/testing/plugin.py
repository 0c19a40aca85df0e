"""Fixtures that give a test a hub; pytest finds them by itself where Affinage is installed.

Nothing else is loaded until a test asks for one: this module must cost nothing to those who only
have the package. `-p no:affinage` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from affinage.testing.hubs import RunningHub


@pytest.fixture(scope="session")
def affinage_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A running hub that all tests share; each names its devices after itself."""
    with _running_hub(tmp_path_factory.mktemp("affinage") / "hub") as hub:
        yield hub


@pytest.fixture
def fresh_affinage_hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub of the test's own, empty: to move its clock, to restart it, to count all devices."""
    with _running_hub(tmp_path / "affinage" / "hub") as hub:
        yield hub


@pytest.fixture
def affinage_environment(
    affinage_hub: RunningHub, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """`RunningHub.environment` of the shared hub, set for this test and what it starts."""
    environment = affinage_hub.environment
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    return environment


def _running_hub(data: Path) -> AbstractContextManager[RunningHub]:
    from affinage.testing.hubs import running_hub  # noqa: PLC0415  # see above

    return running_hub(data)
