from collections.abc import Iterator
from urllib.parse import quote

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.tokens import GRACE_S, derived_key, make_token, parse, verify

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
EXPIRY = 1_900_000_000
DEVICE = "hub1.example.com/devices/dev1"
MODULE = "hub1.example.com/devices/dev1/modules/m1"
VECTORS = {
    DEVICE: "sr=hub1.example.com%2Fdevices%2Fdev1"
    "&sig=R9Lcqv0pJ4LedmEhEqVa71zx%2BpnLNBZmjqmdRPPOnuk%3D&se=1900000000",
    MODULE: "sr=hub1.example.com%2Fdevices%2Fdev1%2Fmodules%2Fm1"
    "&sig=s%2F6wUIwSIfd4b9gL4wbWtEw%2Fo9iXTBRUlvcRf5FB0Uw%3D&se=1900000000",
    "hub1.example.com": "sr=hub1.example.com"
    "&sig=9OcOBjASNcgRvBFEbcd4kwzxifKmmhaKjaos6bPG1xs%3D&se=1900000000&skn=iothubowner",
    "0ne00001/registrations/dev1": "sr=0ne00001%2Fregistrations%2Fdev1"
    "&sig=aPIKFQhirHNu66SSW4dgE0kWu0ZOEdrcrKLOwBBMYGQ%3D&se=1900000000&skn=registration",
}
RAW = (
    "SharedAccessSignature sr=0ne00001/registrations/dev1"
    "&sig=CJtY695YCBneNzcGPivLNIf0a%2FAcvk329vblwfwnQw0%3D&se=1900000000&skn=registration"
)


def opens(text: str, resource: str, *keys: str, now: float = EXPIRY) -> bool:
    try:
        verify(parse(text), resource=resource, keys=keys or (KEY,), now=now)
    except ProtocolError:
        return False
    return True


@pytest.mark.parametrize("resource", VECTORS)
def test_the_known_tokens_are_written_and_opened(resource: str) -> None:
    """TOKEN-3, TOKEN-10."""
    token = f"SharedAccessSignature {VECTORS[resource]}"
    assert make_token(resource, KEY, EXPIRY, parse(token).policy) == token
    assert opens(token, resource)


def test_a_resource_that_was_signed_raw_is_verified_raw() -> None:
    """TOKEN-4."""
    assert opens(RAW, "0ne00001/registrations/dev1")


@pytest.mark.parametrize(
    "spelled",
    [
        "hub/devices/a(b",
        "hub/devices/a%28b",
        "hub%2Fdevices%2Fa%28b",
        "hub%2fdevices%2fa%28b",
    ],
)
def test_a_token_is_verified_however_its_resource_was_signed(spelled: str) -> None:
    """TOKEN-5: Node signs the raw text and sends it encoded; .NET uses lower-case hexadecimal."""
    signed = parse(make_token("hub/devices/a(b", KEY, EXPIRY))
    received = make_token("hub/devices/a(b", KEY, EXPIRY).replace(signed.resource, spelled)
    assert opens(received, "hub/devices/a(b")


def test_where_only_the_text_that_was_sent_counts_no_key_is_asked_for_in_vain() -> None:
    """TOKEN-4, TOKEN-15."""
    raw, asked = "0ne1/registrations/dev1", list[str]()

    def keys() -> Iterator[str]:
        for key in (OTHER_KEY, KEY, OTHER_KEY):
            asked.append(key)
            yield key

    def signer(text: str, now: float = EXPIRY) -> str:
        return verify(parse(text), resource=raw, keys=keys(), now=now, as_sent=True)

    token = make_token(raw, KEY, EXPIRY)
    assert (signer(token), asked) == (KEY, [OTHER_KEY, KEY])
    asked.clear()
    for refused in (token.replace("dev1", "dev2"), token.replace("%2F", "/")):
        with pytest.raises(ProtocolError):
            signer(refused)
    assert asked == [OTHER_KEY, KEY, OTHER_KEY]
    with pytest.raises(ProtocolError, match="expired"):
        signer(token, EXPIRY + GRACE_S + 1)
    assert len(asked) == 3


def test_fields_come_in_any_order_and_unknown_ones_are_ignored() -> None:
    """TOKEN-1."""
    sr, sig, se = VECTORS[DEVICE].split("&")
    assert opens(f"SharedAccessSignature {se}&{sig}&later=1&{sr}", DEVICE)


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        ("HUB1.example.com", MODULE),
        ("hub1.example.com/devices", MODULE),
        (DEVICE, MODULE),
        (f"{DEVICE}/", DEVICE),
        (f"{DEVICE}?api-version=2021-04-12", DEVICE),
        (f"{DEVICE}/api-version=2021-04-12", DEVICE),
        (f"{DEVICE}/?api-version=2021-04-12", DEVICE),
        ("hub/devices/a%20b", "hub/devices/a%20b"),
    ],
)
def test_a_token_opens_what_lies_below_its_resource(resource: str, wanted: str) -> None:
    """TOKEN-6, TOKEN-7."""
    assert opens(make_token(resource, KEY, EXPIRY), wanted)


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        (MODULE, DEVICE),
        (DEVICE, f"{DEVICE}0"),
        (DEVICE, "hub1.example.com/devices/DEV1"),
        (DEVICE, "hub2.example.com/devices/dev1"),
        ("hub1", "hub1.example.com"),
        (f"{DEVICE}?api-version=1/x", DEVICE),
        (f"{DEVICE}xapi-version=1", DEVICE),
    ],
)
def test_a_token_opens_nothing_beside_or_above_its_resource(resource: str, wanted: str) -> None:
    """TOKEN-6."""
    assert not opens(make_token(resource, KEY, EXPIRY), wanted)


def test_a_token_opens_until_the_grace_after_its_expiry_is_over() -> None:
    """TOKEN-8."""
    token = make_token(DEVICE, KEY, EXPIRY)
    assert opens(token, DEVICE, now=EXPIRY + GRACE_S)
    assert not opens(token, DEVICE, now=EXPIRY + GRACE_S + 1)


def test_any_of_the_keys_may_have_signed_and_no_other() -> None:
    """TOKEN-9: by `hmac.compare_digest`, for each key."""
    token = make_token(DEVICE, KEY, EXPIRY)
    assert opens(token, DEVICE, OTHER_KEY, KEY)
    assert not opens(token, DEVICE, OTHER_KEY)
    assert not opens(token.replace("R9Lc", "R8Lc"), DEVICE)


def test_which_of_the_keys_signed_is_told() -> None:
    """TOKEN-9."""
    token = parse(make_token(DEVICE, KEY, EXPIRY))
    assert verify(token, resource=DEVICE, keys=[OTHER_KEY, KEY], now=EXPIRY) == KEY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a shared-access token"),
        ("Bearer sr=a&sig=b&se=1", "not a shared-access token"),
        ("SharedAccessSignature sr=a&sig=b", "without se"),
        ("SharedAccessSignature sr=&se=1", "without sr and sig"),
        ("SharedAccessSignature sr=a&sig=AAAA&se=1&se=2", "two fields 'se'"),
        ("SharedAccessSignature sr=a&sig=AAAA&se=1.5", "whole number"),
        ("SharedAccessSignature sr=a&sig=AAAA&se=9999999999999", "whole number"),
        ("SharedAccessSignature sr=a&sig=A&se=1", "not base64"),
        (f"SharedAccessSignature sr=a&sig={quote('é')}&se=1", "not base64"),
        (f"SharedAccessSignature sr={'a' * 4096}", "4121 of 4096 characters"),
    ],
)
def test_what_is_not_a_token_is_refused_with_the_reason(text: str, problem: str) -> None:
    """TOKEN-1, TOKEN-2, TOKEN-3, TOKEN-13."""
    with pytest.raises(ProtocolError, match=problem):
        parse(text)


def test_a_key_that_is_not_base64_signs_nothing() -> None:
    with pytest.raises(ProtocolError, match="not base64"):
        make_token(DEVICE, "?", EXPIRY)


def test_neither_a_token_nor_its_refusal_shows_the_signature() -> None:
    token = parse(make_token(DEVICE, KEY, EXPIRY))
    with pytest.raises(ProtocolError) as refused:
        verify(token, resource=DEVICE, keys=[OTHER_KEY], now=EXPIRY)
    assert "R9Lc" not in repr(token) + str(refused.value)
    assert "signature" not in repr(token)


def test_the_key_of_a_member_is_derived_from_that_of_its_group() -> None:
    """TOKEN-14: the vector that the public samples have."""
    group = (
        "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
    )
    found = derived_key(group, "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6")
    assert found == "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="
