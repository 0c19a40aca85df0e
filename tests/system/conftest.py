"""What the system tests run on: a hub as a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.hub_process import HubProcess


@pytest.fixture
def hub(address: str, tmp_path: Path) -> Iterator[HubProcess]:
    """A running hub over a new data folder."""
    with HubProcess(tmp_path / "data", address) as hub:
        yield hub
