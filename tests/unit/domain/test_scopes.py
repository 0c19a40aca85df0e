"""Who may be whose parent."""

from typing import Any, Final

import pytest

from affinage.domain.errors import InvalidDeviceScope, Malformed
from affinage.domain.identity import Credentials, Identity
from affinage.domain.scopes import scoped
from affinage.domain.values import JsonObject

GATE: Final = "ms-azure-iot-edge://gate-000000000000000009"
OTHER: Final = "ms-azure-iot-edge://other-000000000000000010"
SCOPES: Final[dict[str, tuple[str, ...]]] = {GATE: (), OTHER: (GATE,)}
"""The edge devices that there are, with what is above them."""

OWN: Final = "ms-azure-iot-edge://pump-1-000000000000000001"


def identity(
    *, iot_edge: bool = False, scope: str | None = None, parents: tuple[str, ...] = ()
) -> Identity:
    return Identity(
        "000000000000000001",
        1,
        Credentials(),
        iot_edge=iot_edge,
        device_scope=scope,
        parent_scopes=parents,
    )


LEAF: Final = identity(scope=GATE, parents=(GATE,))


def scopes(
    of: Identity, body: dict[str, Any], known: dict[str, tuple[str, ...]] = SCOPES
) -> tuple[str | None, tuple[str, ...]]:
    """Of a device pump-1: its scope and its parents' after a PUT."""
    asked: JsonObject = body

    def parents_of(scope: str) -> tuple[str, ...] | None:
        return known.get(scope)

    after = scoped("pump-1", of, asked, parents_of)
    return after.device_scope, after.parent_scopes


@pytest.mark.parametrize(
    "body",
    [
        {"deviceScope": GATE},
        {"deviceScope": GATE, "parentScopes": [OTHER]},
        {"parentScopes": [GATE]},
    ],
)
def test_a_leaf_has_its_parents_scope(body: dict[str, Any]) -> None:
    """IDENTITY-12, IDENTITY-13"""
    assert scopes(identity(), body) == (GATE, (GATE,))


@pytest.mark.parametrize("body", [{"deviceScope": ""}, {"deviceScope": None}, {"parentScopes": []}])
def test_a_leaf_may_lose_its_parent(body: dict[str, Any]) -> None:
    """IDENTITY-12, IDENTITY-13"""
    assert scopes(LEAF, {}) == (GATE, (GATE,))
    assert scopes(LEAF, body) == (None, ())


def test_an_edge_device_has_its_own_scope_and_may_have_a_parent() -> None:
    """IDENTITY-11, IDENTITY-13"""
    body = {"parentScopes": [GATE], "deviceScope": OTHER}
    assert scopes(identity(iot_edge=True), body) == (OWN, (GATE,))


@pytest.mark.parametrize("parents", [(), (GATE,)])
def test_its_own_scope_sent_back_is_no_parent(parents: tuple[str, ...]) -> None:
    """IDENTITY-10, IDENTITY-12: it was an edge device, and its document is sent back."""
    once = identity(scope=OWN, parents=parents)
    body = {"deviceScope": OWN, "parentScopes": [*parents]}
    assert scopes(once, body) == (GATE if parents else None, parents)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"deviceScope": "ms-azure-iot-edge://nobody-1"}, "not the scope of an edge device"),
        ({"parentScopes": ["nonsense"]}, "not the scope of an edge device"),
        ({"deviceScope": OWN}, "not the scope of an edge device"),
        ({"parentScopes": [GATE, OTHER]}, "2 of 1 parents"),
    ],
)
def test_a_parent_is_one_edge_device_that_exists(body: dict[str, Any], why: str) -> None:
    """IDENTITY-14"""
    with pytest.raises(InvalidDeviceScope, match=why):
        scopes(identity(), body)


@pytest.mark.parametrize(
    "body", [{"deviceScope": 7}, {"parentScopes": GATE}, {"parentScopes": [1]}]
)
def test_a_scope_is_a_string(body: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        scopes(identity(), body)


BELOW: Final = "ms-azure-iot-edge://below-000000000000000002"


@pytest.mark.parametrize("parent", [OWN, BELOW])
def test_no_device_is_above_itself(parent: str) -> None:
    """IDENTITY-14"""
    known = {OWN: (), BELOW: (GATE, OWN), GATE: ()}
    with pytest.raises(InvalidDeviceScope, match="below the device itself"):
        scopes(identity(iot_edge=True, scope=OWN), {"parentScopes": [parent]}, known)


def test_a_circle_above_ends_the_search() -> None:
    """IDENTITY-14"""
    known: dict[str, tuple[str, ...]] = {GATE: (OTHER,), OTHER: (GATE, "gone")}
    assert scopes(identity(), {"deviceScope": GATE}, known) == (GATE, (GATE,))


@pytest.mark.parametrize("body", [{}, {"deviceScope": GATE, "parentScopes": [GATE]}])
def test_a_device_whose_parent_was_deleted_can_still_be_changed(body: dict[str, Any]) -> None:
    """IDENTITY-14: it once could not even be disabled."""
    assert scopes(LEAF, body, {}) == (GATE, (GATE,))
