"""What credentials a request asks for, and when a status changes."""

import base64
from collections.abc import Iterator
from itertools import count

import pytest

from affinage.domain.errors import Invalid, Malformed
from affinage.domain.identity import (
    AuthType,
    Credentials,
    Identity,
    KeySource,
    Status,
    credentials,
    with_status,
)
from affinage.domain.values import JsonValue

THUMB = "aB" * 20
LONG_THUMB = "0f" * 32


def key(size: int = 32, fill: bytes = b"k") -> str:
    return base64.b64encode(fill * size).decode()


def fresh_keys() -> Iterator[str]:
    return (key(fill=b"%d" % n) for n in count(1))


@pytest.fixture
def keys() -> KeySource:
    made = fresh_keys()
    return KeySource(lambda: next(made), lambda text: b"sealed " + text.encode())


def sas(first: str, second: str) -> Credentials:
    return Credentials(AuthType.SAS, b"sealed " + first.encode(), b"sealed " + second.encode())


def symmetric(first: JsonValue, second: JsonValue) -> dict[str, JsonValue]:
    return {"symmetricKey": {"primaryKey": first, "secondaryKey": second}}


def x509(first: JsonValue, second: JsonValue = None) -> dict[str, JsonValue]:
    return {"x509Thumbprint": {"primaryThumbprint": first, "secondaryThumbprint": second}}


NEW_KEYS = sas(key(fill=b"1"), key(fill=b"2"))


@pytest.mark.parametrize(
    "authentication",
    [
        {},
        {"type": None},
        {"type": "sas", "symmetricKey": None, "x509Thumbprint": None},
        symmetric(None, None),
        symmetric("", "") | x509(None, ""),
        {"symmetricKey": {}},
        x509(THUMB) | {"type": "sas"},
    ],
)
def test_without_keys_two_new_ones_are_made(keys: KeySource, authentication: object) -> None:
    """IDENTITY-5, IDENTITY-6."""
    assert credentials(authentication, sas(key(), key()), keys) == NEW_KEYS


def test_given_keys_are_sealed_and_none_is_made(keys: KeySource) -> None:
    """IDENTITY-6."""
    first, second = key(16), key(64)
    assert credentials(symmetric(first, second), None, keys) == sas(first, second)


@pytest.mark.parametrize("pair", [(key(), None), (None, key()), (key(), ""), ("", key())])
def test_one_key_alone_is_refused(keys: KeySource, pair: tuple[JsonValue, JsonValue]) -> None:
    """IDENTITY-6."""
    with pytest.raises(Invalid, match="both symmetric keys or neither"):
        credentials(symmetric(*pair), None, keys)


@pytest.mark.parametrize("size", [15, 65, 1])
def test_a_key_too_short_or_too_long_is_refused_with_the_numbers(
    keys: KeySource, size: int
) -> None:
    """IDENTITY-7."""
    with pytest.raises(Invalid, match=f"^a symmetric key of {size} bytes: it must have 16 to 64$"):
        credentials(symmetric(key(), key(size)), None, keys)


@pytest.mark.parametrize("bad", ["not base64!", key()[:-1], key() + "\n", "é" * 44, "-_" * 22])
def test_a_key_that_is_not_base64_is_malformed_and_not_shown(keys: KeySource, bad: str) -> None:
    """IDENTITY-7, ACCESS-8."""
    with pytest.raises(Malformed, match=r"^a symmetric key must be base64$"):
        credentials(symmetric(bad, key()), None, keys)


@pytest.mark.parametrize(
    ("first", "second"), [(THUMB, None), (None, THUMB), ("", LONG_THUMB), (THUMB, LONG_THUMB)]
)
def test_one_or_two_thumbprints_are_kept_as_given(
    keys: KeySource, first: str | None, second: str | None
) -> None:
    """IDENTITY-5, IDENTITY-8."""
    expected = Credentials(
        AuthType.SELF_SIGNED,
        primary_thumbprint=first or None,
        secondary_thumbprint=second or None,
    )
    assert credentials(x509(first, second), None, keys) == expected
    assert credentials(x509(first, second) | {"type": "SelfSigned"}, None, keys) == expected


@pytest.mark.parametrize(
    "bad", ["ab" * 19, "ab" * 21, "ab" * 33, "g" * 40, THUMB + "\n", "ab:" * 13]
)
def test_a_thumbprint_of_another_form_is_refused(keys: KeySource, bad: str) -> None:
    """IDENTITY-8."""
    with pytest.raises(Invalid, match=r"40 .* or 64 .* hexadecimal digits"):
        credentials(x509(THUMB, bad), None, keys)


@pytest.mark.parametrize("extra", [{}, x509(None, ""), symmetric(key(), key())])
def test_self_signed_needs_a_thumbprint(keys: KeySource, extra: dict[str, JsonValue]) -> None:
    """IDENTITY-8."""
    with pytest.raises(Invalid, match="at least one thumbprint"):
        credentials({"type": "selfSigned", **extra}, None, keys)


@pytest.mark.parametrize("kind", [None, "sas", "selfSigned", "none"])
def test_keys_and_thumbprints_together_are_refused(keys: KeySource, kind: str | None) -> None:
    """IDENTITY-8."""
    with pytest.raises(Invalid, match="not both"):
        credentials({"type": kind, **symmetric(None, key()), **x509(THUMB)}, None, keys)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("certificateAuthority", AuthType.CERTIFICATE_AUTHORITY),
        ("CERTIFICATEAUTHORITY", AuthType.CERTIFICATE_AUTHORITY),
        ("None", AuthType.NONE),
    ],
)
def test_another_type_forgets_the_old_credentials(
    keys: KeySource, text: str, kind: AuthType
) -> None:
    """IDENTITY-5."""
    assert credentials({"type": text}, sas(key(), key()), keys) == Credentials(kind)


def test_without_authentication_credentials_stay_or_are_made(keys: KeySource) -> None:
    """IDENTITY-9."""
    current = sas(key(), key())
    assert credentials(None, current, keys) is current
    assert credentials(None, None, keys) == NEW_KEYS


@pytest.mark.parametrize(
    "authentication",
    [
        "sas",
        ["sas"],
        {"type": "password"},
        {"type": 1},
        {"type": ""},
        {"symmetricKey": "x"},
        {"x509Thumbprint": [1]},
        symmetric(1, key()),
        x509({}, [1]),
    ],
)
def test_what_has_the_wrong_type_is_malformed(keys: KeySource, authentication: object) -> None:
    with pytest.raises(Malformed, match=r"^authentication"):
        credentials(authentication, None, keys)


def test_the_moment_of_a_status_moves_only_with_the_status() -> None:
    """IDENTITY-4."""
    identity = Identity("1" * 18, 1, Credentials())
    same = with_status(identity, Status.ENABLED, "new", at=5)
    assert (same.status_at, same.status_reason) == (None, "new")
    off = with_status(same, Status.DISABLED, None, at=6)
    assert (off.status, off.status_reason, off.status_at) == (Status.DISABLED, None, 6)
    assert with_status(off, Status.DISABLED, "again", at=7).status_at == 6


def test_a_reason_may_have_128_characters_and_not_129() -> None:
    """IDENTITY-4."""
    identity = Identity("1" * 18, 1, Credentials())
    assert with_status(identity, Status.ENABLED, "é" * 128, at=5).status_reason == "é" * 128
    with pytest.raises(Invalid, match=r"^statusReason has 129 of 128 characters$"):
        with_status(identity, Status.ENABLED, "x" * 129, at=5)
