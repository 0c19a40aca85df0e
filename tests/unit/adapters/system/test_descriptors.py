"""adapters/system/descriptors.py"""

import resource
from collections.abc import Iterator

import pytest

from affinage.adapters.system import descriptors


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_as_many_as_the_system_lets_us_have_are_taken() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    assert descriptors.raised() == min(hard, descriptors.PLENTY) or hard == resource.RLIM_INFINITY
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == descriptors.raised()


def test_where_there_is_no_limit_plenty_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    endless = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, endless))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert (descriptors.raised(), asked) == (descriptors.PLENTY, [(descriptors.PLENTY, endless)])


def test_a_limit_that_was_taken_away_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (endless, endless))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("it was set"))
    assert descriptors.raised() == descriptors.PLENTY
