"""What every test runs under: how hard Hypothesis looks, what a skip means, whose address."""

import os
import socket
from collections.abc import Generator
from typing import Final, TypeVar

import pytest
from hypothesis import settings

import netns

INSISTS: Final = os.environ.get("AFFINAGE_CI") == "1"
"""Set by .ci/run, which installs everything: there a skipped test is a part that is missing."""

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("night", max_examples=10_000, deadline=None)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if INSISTS or os.environ.get("CI") else "dev")
)


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _without_skips((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _without_skips((yield))


def _without_skips(report: Report) -> Report:
    if INSISTS and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"nothing may be skipped here: {reason}"
    return report


@pytest.fixture
def address() -> str:
    """A 127.x.y.z of the test's own, where 443 and 8883 can be listened on."""
    return listenable_address()


def listenable_address() -> str:
    """An address nobody else is given, or a skip if this machine does not let us have one."""
    own = netns.next_address()
    for port in (443, 8883):
        try:
            socket.create_server((own, port)).close()
        except OSError as error:
            pytest.skip(f"{own}:{port} cannot be listened on here: {error.strerror}")
    return own


@pytest.fixture(scope="module")
def shared_address() -> str:
    """The same for a hub that the tests of a module share."""
    return listenable_address()
