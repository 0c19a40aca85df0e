"""Who may do what."""

import pytest

from affinage.domain.errors import Forbidden
from affinage.domain.names import TwinKey
from affinage.domain.principal import NO_RIGHTS, Kind, Principal, Right


def policy(rights: Right) -> Principal:
    return Principal(Kind.POLICY, "service", "https", "r1", rights)


def device(scope: TwinKey | None) -> Principal:
    return Principal(Kind.DEVICE, "p", "mqtt", "r1", Right.DEVICE_CONNECT, scope=scope)


@pytest.mark.parametrize("right", Right)
def test_a_right_that_was_granted_is_enough(right: Right) -> None:
    """ACCESS-4."""
    policy(right).require(right)
    policy(right).require(right | Right.SERVICE_CONNECT)


def test_without_the_right_it_is_forbidden_and_says_which() -> None:
    """ACCESS-4."""
    with pytest.raises(Forbidden, match=r"^policy service lacks the right SERVICE_CONNECT$"):
        policy(~Right.SERVICE_CONNECT).require(Right.SERVICE_CONNECT)


def test_without_any_of_two_rights_it_is_forbidden_and_says_both() -> None:
    """ACCESS-4, ACCESS-5."""
    with pytest.raises(Forbidden, match=r"lacks the right REGISTRY_READ or SERVICE_CONNECT$"):
        policy(NO_RIGHTS).require(Right.REGISTRY_READ | Right.SERVICE_CONNECT)


def test_writing_the_registry_implies_reading_it_and_nothing_else() -> None:
    """ACCESS-4."""
    writer = policy(Right.REGISTRY_WRITE)
    writer.require(Right.REGISTRY_READ)
    assert writer.granted == Right.REGISTRY_WRITE | Right.REGISTRY_READ
    with pytest.raises(Forbidden):
        policy(Right.REGISTRY_READ).require(Right.REGISTRY_WRITE)


def test_an_identity_may_act_as_itself() -> None:
    """ACCESS-6."""
    for key in (TwinKey("p"), TwinKey("p", "m")):
        device(key).require_self(key)


@pytest.mark.parametrize("other", [TwinKey("q"), TwinKey("p", "m"), TwinKey("p", "")])
def test_an_identity_may_act_as_no_other(other: TwinKey) -> None:
    """ACCESS-6."""
    with pytest.raises(Forbidden, match=f"^device p may not act as {other.path}$"):
        device(TwinKey("p")).require_self(other)


def test_a_right_is_no_identity() -> None:
    """ACCESS-6."""
    with pytest.raises(Forbidden):
        policy(Right.DEVICE_CONNECT).require_self(TwinKey("p"))
