"""Who vouches for whom."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from affinage.protocol import chains
from affinage.protocol.certificates import Certificate, parse
from affinage.protocol.chains import MAX_CHAIN, Vouched, is_signed_by, verify
from affinage.protocol.errors import ProtocolError
from fakes.clock import START
from fakes.pki import LIFE, Made, authority, leaf, make

ROOT = authority("Root")
PLANT = authority("Plant", ROOT)
LINE = authority("Line", PLANT)
DEVICE = leaf("d", LINE)
CA = x509.BasicConstraints(ca=True, path_length=None)

SIGNED_OVER_SHA1 = """
-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUZYeFba8oRvTVkvOHFRGJ6Cc9VpwwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBUjAgFw0yNjExMjExMjIwNTBaGA8yMTI2MTAyODEyMjA1MFow
DDEKMAgGA1UEAwwBUjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCoG6hRllhZ3
VPd/cO7+lUvPTgQNYzKIMHWklXWuL+I373mpXGenK3iuT9FGjhSg6UdopVUUF5IL
Y3m43bdNgsWjUzBRMB0GA1UdDgQWBBRjx687HUsOVheC6ZkIRZUg1QeS2jAfBgNV
HSMEGDAWgBRjx687HUsOVheC6ZkIRZUg1QeS2jAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQCnARD1bnr1qA4Du5li+7nIsWrcBdhDj2UnRecKfDhn
owIgLbofeEfKdWXsWptOQAmnrrtTjE8smOnhnq0PVfyp6ik=
-----END CERTIFICATE-----
-----BEGIN CERTIFICATE-----
MIIBEjCBugIUJobpUAI/zzLFjJDvB6zD+SAb7wowCQYHKoZIzj0EATAMMQowCAYD
VQQDDAFSMCAXDTI2MTEyMTEyMjA1MFoYDzIxMjYxMDI4MTIyMDUwWjAMMQowCAYD
VQQDDAFkMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEldLg1IRWoQPsVODDK3aF
SygC1t0Jcae1JSXWOTujK5ANAIIM5+jpXd/lAxWUdw/xSK9qPS2xkyP5yt7AFez/
UjAJBgcqhkjOPQQBA0gAMEUCIQDTULjHuhN8Cri6rrc83fvHhuwi17qMBAL7XsTt
glPBMAIgUEO66aqniS7MwhkiSU8NTPmPNyOnrsxO9hAr03hX9C4=
-----END CERTIFICATE-----
"""
"""An authority, and a leaf that it signed over SHA-1."""


def vouched(shown: list[Made], *believed: Made, at: Any = START) -> Vouched:
    return verify([one.der for one in shown], [one.certificate for one in believed], at)


def names(found: Vouched) -> list[str | None]:
    return [one.common_name for one in found.authorities]


def refused(
    shown: list[Made], *believed: Made, match: str = "no authority", at: Any = START
) -> None:
    with pytest.raises(ProtocolError, match=match):
        vouched(shown, *believed, at=at)


def test_an_authority_vouches_for_what_it_signed_shown_or_not() -> None:
    """CERT-5, CERT-7"""
    device = leaf("d", ROOT)
    for shown in ([device], [device, ROOT]):
        found = vouched(shown, ROOT)
        assert (found.leaf.common_name, names(found)) == ("d", ["Root"])


def test_every_authority_on_the_way_is_told_the_nearest_first() -> None:
    """CERT-7"""
    shown = [DEVICE, LINE, PLANT, ROOT]
    assert names(vouched(shown, ROOT, LINE, PLANT)) == ["Line", "Plant", "Root"]
    assert names(vouched(shown[:3], ROOT)) == ["Root"]
    assert names(vouched([DEVICE, ROOT, PLANT, LINE], ROOT)) == ["Root"]
    assert names(vouched([DEVICE, LINE], PLANT)) == ["Plant"]


def test_a_gap_in_the_chain_vouches_for_nobody() -> None:
    """CERT-7"""
    refused([DEVICE, PLANT, ROOT], ROOT)
    refused([DEVICE, LINE], ROOT)
    refused([DEVICE], authority("Line"))
    refused([leaf("d", authority("Line", PLANT)), LINE, PLANT], ROOT)
    refused([DEVICE, LINE, PLANT, ROOT])


def test_nobody_vouches_for_itself() -> None:
    """CERT-8"""
    own = leaf("d")
    for shown in (own, ROOT):
        refused([shown], shown)


def test_an_authority_that_was_made_anew_with_its_key_goes_on_vouching() -> None:
    """CERT-7"""
    renewed = authority("Root", key=ROOT.key, end=START + 2 * LIFE)
    assert names(vouched([DEVICE, LINE, PLANT, ROOT], renewed)) == ["Root"]


def test_who_is_no_authority_vouches_for_nobody() -> None:
    """CERT-9"""
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False
    )  # fmt: skip
    silent = x509.KeyUsage(digital_signature=True, **usage)
    signing = x509.KeyUsage(digital_signature=True, **{**usage, "key_cert_sign": True})
    plain, denied = leaf("Plain"), make("Denied", None, [CA, silent])
    for one in (plain, denied, make("No", None, [x509.BasicConstraints(False, None)])):
        refused([leaf("d", one)], one)
    allowed = make("Allowed", None, [CA, signing])
    assert names(vouched([leaf("d", allowed)], allowed)) == ["Allowed"]


def test_an_authority_vouches_no_further_than_it_may() -> None:
    """CERT-9"""
    for length, allowed in ((0, False), (1, False), (2, True)):
        root = authority("Root", path_length=length)
        plant = authority("Plant", root)
        line = authority("Line", plant)
        shown = [leaf("d", line), line, plant]
        if allowed:
            assert names(vouched(shown, root)) == ["Root"]
        else:
            refused(shown, root)
    near = authority("Near", path_length=0)
    assert names(vouched([leaf("d", near)], near)) == ["Near"]


def test_an_authority_that_hands_over_to_its_next_key_takes_no_place() -> None:
    """CERT-9; RFC 5280 §4.2.1.9: one whose issuer has its own name is not counted."""
    old = authority("Root", path_length=1)
    new = authority("Root", old)
    line = authority("Line", new)
    assert names(vouched([leaf("d", line), line, new], old)) == ["Root"]
    other = authority("Other", old)
    line = authority("Line", other)
    refused([leaf("d", line), line, other], old)


def test_what_an_authority_must_have_heeded_and_is_unknown_here_ends_the_chain() -> None:
    """CERT-10"""
    limits = x509.NameConstraints([x509.DNSName("a.test")], None)
    eku = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    limited, used = make("Limited", None, [CA, limits]), make("Used", None, [CA, eku])
    refused([leaf("d", limited)], limited)
    assert names(vouched([leaf("d", used)], used)) == ["Used"]
    remark = make("Remark", None, [CA, limits], critical=False)
    assert names(vouched([leaf("d", remark)], remark)) == ["Remark"]


def test_a_signature_over_a_weak_digest_counts_for_nothing() -> None:
    """CERT-9"""
    root, device = parse(SIGNED_OVER_SHA1)
    assert device.parsed.issuer == root.parsed.subject
    with pytest.raises(ProtocolError, match="no authority"):
        verify([device.der], [root], device.not_before)


@pytest.mark.parametrize(("limit", "value"), [("MAX_RSA", 2047), ("MAX_EXPONENT", 65536)])
def test_a_key_that_takes_too_long_counts_for_nothing(
    monkeypatch: Any, limit: str, value: int
) -> None:
    """CERT-9"""
    root = authority("Root", key=rsa.generate_private_key(65537, 2048))
    assert names(vouched([leaf("d", root)], root)) == ["Root"]
    monkeypatch.setattr(chains, limit, value)
    refused([leaf("d", root)], root)


def test_a_key_of_an_uncommon_kind_counts_for_nothing() -> None:
    """CERT-9: of DSA a stranger chooses how long it takes."""
    root = authority("Root", key=dsa.generate_private_key(2048))
    refused([leaf("d", root)], root)


def test_a_chain_that_was_made_to_take_long_is_not_followed(monkeypatch: Any) -> None:
    """CERT-6"""
    others = [authority("Root") for _ in range(3)]
    device = leaf("d", ROOT)
    for limit, found in ((4, True), (3, False)):
        monkeypatch.setattr(chains, "MAX_SIGNATURES", limit)
        if found:
            assert names(vouched([device, ROOT], *others, ROOT)) == ["Root"]
        else:
            refused([device, ROOT], *others, ROOT)


def test_no_key_is_used_that_a_stranger_has_brought(monkeypatch: Any) -> None:
    """CERT-13"""
    used, check = list[str](), chains.is_signed_by

    def noted(one: Certificate, issuer: Certificate) -> bool:
        used.append(issuer.sha256)
        return check(one, issuer)

    monkeypatch.setattr(chains, "is_signed_by", noted)
    root, plant = authority("Root"), authority("Plant", authority("Root"))
    refused([leaf("d", plant), plant, root], ROOT)
    refused([leaf("d", root), root, plant], ROOT, PLANT)
    assert set(used) <= {ROOT.certificate.sha256, PLANT.certificate.sha256}
    assert names(vouched([DEVICE, LINE, PLANT], ROOT)) == ["Root"]


def test_a_leaf_is_believed_only_in_its_time() -> None:
    """CERT-11"""
    refused([DEVICE, LINE, PLANT], ROOT, match="expired at", at=DEVICE.certificate.not_after + LIFE)
    refused([DEVICE, LINE, PLANT], ROOT, match="valid from", at=START - 2 * LIFE)


def test_an_authority_is_believed_only_in_its_time() -> None:
    """CERT-11"""
    for start, end in ((START - 2 * LIFE, START - LIFE), (START + timedelta(1), START + LIFE)):
        root = authority("Root", start=start, end=end)
        refused([leaf("d", root)], root)
        line = authority("Line", ROOT, start=start, end=end)
        refused([leaf("d", line), line], ROOT)


def test_it_holds_until_the_first_certificate_up_to_the_nearest_authority_ends() -> None:
    """CERT-12"""
    brief = authority("Brief", PLANT, end=START + timedelta(1))
    shown = [leaf("d", brief), brief, PLANT]
    assert vouched(shown, PLANT, ROOT).expires_at == START + timedelta(1)
    fleeting = leaf("d", PLANT, end=START + timedelta(hours=1))
    assert vouched([fleeting, PLANT], PLANT).expires_at == START + timedelta(hours=1)


def test_a_chain_has_one_to_ten_certificates() -> None:
    """CERT-6"""
    for shown in ([], [DEVICE] * (MAX_CHAIN + 1)):
        refused(shown, ROOT, match=f"a chain of {len(shown)} of 1 to {MAX_CHAIN}")
    assert names(vouched([DEVICE, LINE, PLANT, *[ROOT] * 7], ROOT)) == ["Root"]


def test_a_chain_with_what_cannot_be_read_is_refused() -> None:
    """CERT-6"""
    with pytest.raises(ProtocolError, match="cannot be read"):
        verify([DEVICE.der, b"rubbish"], [ROOT.certificate], START)


def test_certificates_that_sign_each_other_go_round_once() -> None:
    """CERT-6"""
    one, other = authority("One"), authority("Other")
    ring = [authority("One", other, key=one.key), authority("Other", one, key=other.key)]
    refused([leaf("d", one), *ring], ROOT)


def test_a_signature_is_the_authoritys_or_it_is_not() -> None:
    """CERT-7"""
    assert is_signed_by(DEVICE.certificate, LINE.certificate)
    assert not is_signed_by(DEVICE.certificate, PLANT.certificate)
    assert not is_signed_by(DEVICE.certificate, authority("Line").certificate)


def test_a_signature_of_an_unknown_kind_is_nobodys() -> None:
    """CERT-9; it has its identifier twice, within what is signed and before the signature."""
    ecdsa_with_sha256 = bytes.fromhex("06082a8648ce3d040302")
    device = leaf("d", ROOT).der.replace(ecdsa_with_sha256, ecdsa_with_sha256[:-1] + b"\x7f")
    with pytest.raises(ProtocolError, match="no authority"):
        verify([device], [ROOT.certificate], START)
