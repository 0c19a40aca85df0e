"""New keys in the place of old ones, and what tells one credential from another."""

import pytest

from affinage.domain.errors import InvalidOperation
from affinage.domain.identity import (
    AuthType,
    Credentials,
    KeySource,
    Which,
    credentials,
    mark,
    marks,
    rotated,
)

OLD = Credentials(AuthType.SAS, b"sealed one", b"sealed two")
ONE, TWO, NEW = (letter * 43 + "=" for letter in "AIQ")


@pytest.fixture
def keys() -> KeySource:
    """Seals otherwise each time, as a vault does."""
    sealed = iter(range(100))
    return KeySource(
        lambda: NEW,
        lambda text: f"{next(sealed)} {text}".encode(),
        lambda one, text: one.decode().endswith(text),
    )


@pytest.mark.parametrize(
    ("which", "first", "second"),
    [
        (Which.PRIMARY, f"0 {NEW}".encode(), b"sealed two"),
        (Which.SECONDARY, b"sealed one", f"0 {NEW}".encode()),
        (Which.BOTH, f"0 {NEW}".encode(), f"1 {NEW}".encode()),
    ],
)
def test_the_keys_that_are_named_are_made_anew(
    keys: KeySource, which: Which, first: bytes, second: bytes
) -> None:
    """IDENTITY-28"""
    assert rotated(OLD, which, keys) == Credentials(AuthType.SAS, first, second)


@pytest.mark.parametrize("kind", [kind for kind in AuthType if kind is not AuthType.SAS])
def test_other_types_have_no_keys_to_make(keys: KeySource, kind: AuthType) -> None:
    """IDENTITY-28"""
    with pytest.raises(InvalidOperation, match=f"authentication is {kind}"):
        rotated(Credentials(kind), Which.BOTH, keys)


def test_a_key_that_is_known_is_not_sealed_again(keys: KeySource) -> None:
    """IDENTITY-31"""
    current = Credentials(AuthType.SAS, f"x {ONE}".encode(), f"y {TWO}".encode())
    for first, second in ((ONE, TWO), (TWO, ONE)):
        given = {"symmetricKey": {"primaryKey": first, "secondaryKey": second}}
        kept = credentials(given, current, keys)
        assert {kept.primary_key, kept.secondary_key} == {
            current.primary_key,
            current.secondary_key,
        }
    given = {"symmetricKey": {"primaryKey": NEW, "secondaryKey": TWO}}
    changed = credentials(given, current, keys)
    assert (changed.primary_key, changed.secondary_key) == (
        f"0 {NEW}".encode(),
        current.secondary_key,
    )


def test_every_key_and_certificate_has_a_mark_of_its_own() -> None:
    """IDENTITY-31"""
    prints = Credentials(AuthType.SELF_SIGNED, secondary_thumbprint="AB" * 20)
    assert marks(OLD) == {mark(b"sealed one"), mark(b"sealed two")}
    assert marks(prints) == {mark(b"ab" * 20)}
    assert marks(Credentials(AuthType.NONE)) == frozenset()
