"""The fixtures, as another project's tests meet them."""

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from affinage.testing.hubs import RunningHub

pytest_plugins = ["pytester"]

LOADED = """
import sys

def test_what_is_loaded():
    ours = {name for name in sys.modules if name.split(".")[0] == "affinage"}
    assert ours <= {"affinage", "affinage.testing", "affinage.testing.plugin"}
    assert ours or "no:affinage" in sys.orig_argv
"""

HUBS = """
import os

def test_one_hub_is_shared(affinage_hub, affinage_environment):
    affinage_hub.device("pump")
    assert os.environ["REQUESTS_CA_BUNDLE"] == str(affinage_hub.ca_file)

def test_by_all(affinage_hub):
    assert affinage_hub.identity("pump")
    assert os.environ.get("REQUESTS_CA_BUNDLE") != str(affinage_hub.ca_file)

def test_another_is_fresh(fresh_affinage_hub, affinage_hub):
    assert fresh_affinage_hub.address != affinage_hub.address or not affinage_hub.has_sdk_ports
"""


@pytest.mark.parametrize("options", [(), ("-p", "no:affinage")])
def test_who_has_it_and_does_not_use_it_loads_nothing(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    pytester.makepyfile(LOADED)
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=1)


def test_hubs_are_there_without_a_line_of_setting_up(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HUBS)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


def test_without_the_plugin_there_is_no_fixture(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HUBS)
    pytester.runpytest_subprocess("-p", "no:affinage").assert_outcomes(errors=3)


def test_the_plugin_needs_nothing_that_pytest_does_not() -> None:
    script = "import affinage.testing.plugin, sys; print('asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False"


def test_each_fixture_gives_what_it_promises(
    affinage_hub: "RunningHub",
    fresh_affinage_hub: "RunningHub",
    affinage_environment: dict[str, str],
) -> None:
    assert affinage_hub.is_running
    assert fresh_affinage_hub.data != affinage_hub.data
    assert os.environ.items() >= affinage_environment.items()
