"""One hub for the tests of a file; each test has devices and configurations of its own."""

from collections.abc import Iterator

import pytest

from fakes.command_line import CommandLine, served_hub


@pytest.fixture(scope="module")
def affinage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with served_hub(tmp_path_factory.mktemp("hub") / "data") as line:
        yield line
