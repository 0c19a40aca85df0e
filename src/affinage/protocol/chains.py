"""Chains of certificates: which authority vouches for a client that shows one.

Decided here: whose signature stands under whose certificate, and what makes a certificate an
authority's. No list of revoked certificates is asked for: an authority is revoked where it is
kept. Neither an alternative name nor an extended key usage is demanded of a leaf: those in the
field have none.

Source: docs/spec/certificates.md, CERT-5 to CERT-12; RFC 5280 §6.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509 import Name
from cryptography.x509.oid import ExtensionOID

from affinage.protocol.certificates import Certificate, read
from affinage.protocol.errors import ProtocolError

MAX_CHAIN: Final = 10
"""Certificates that a client may show. CERT-6."""

MAX_RSA: Final = 8192
"""Bits of an authority's key: checking a larger one takes too long. CERT-9."""

MAX_EXPONENT: Final = 2**33
"""Of an authority's RSA key, likewise. CERT-9."""

MAX_SIGNATURES: Final = 40
"""That are checked for one chain: a stranger may show one that was made to take long. CERT-6."""

_WEAK: Final = {"md5", "sha1"}
"""What a signature may not be made over: others with the same digest can be found. CERT-9."""

_FOLLOWED: Final = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
}
"""Extensions that may be marked critical: those that are heeded here, or bear on nothing that is
done with the certificate. CERT-10."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """Authorities vouch for a leaf."""

    leaf: Certificate
    authorities: tuple[Certificate, ...]
    """Of those asked for, all that the chain passes through or ends at, the nearest first."""
    expires_at: datetime
    """When the first certificate from the leaf to the nearest authority ends."""


@dataclass(frozen=True, slots=True)
class _Step:
    certificate: Certificate
    below: int
    """Authorities between it and the leaf that are not signed by themselves. RFC 5280 §4.2.1.9."""
    expires_at: datetime


def verify(chain: Sequence[bytes], authorities: Iterable[Certificate], now: datetime) -> Vouched:
    """Which of ``authorities`` vouch for the client that shows ``chain``.

    Args:
        chain: DER, the client's own first; the others in any order. The last authority may be
            missing in it.
        authorities: those that are believed.

    Raises:
        ProtocolError: none of them vouches, the chain is empty or too long, or a certificate
            cannot be read. The message says what is wrong with the leaf, if anything is.

    Source: CERT-5 to CERT-13.
    """
    leaf, *shown = _read(chain)
    check_moment(leaf, now)
    believed = {one.der: one for one in authorities}
    signatures = _Signatures()
    others = {one.der: one for one in shown if one.der not in believed}
    issuers = _anchored(others.values(), believed.values(), signatures, now)
    steps = _steps(leaf, issuers, signatures, now)
    found = [one for one in steps if one.certificate.der in believed]
    if not found:
        raise ProtocolError("no authority that is known vouches for the certificate")
    return Vouched(leaf, tuple(step.certificate for step in found), found[0].expires_at)


def check_moment(leaf: Certificate, now: datetime) -> None:
    """Raise ProtocolError unless the certificate is valid now. Source: CERT-11."""
    if now < leaf.not_before:
        raise ProtocolError(f"the certificate is valid from {leaf.not_before:%Y-%m-%d %H:%M} UTC")
    if now > leaf.not_after:
        raise ProtocolError(f"the certificate expired at {leaf.not_after:%Y-%m-%d %H:%M} UTC")


def is_signed_by(certificate: Certificate, authority: Certificate) -> bool:
    """Whether the authority's key made the signature, and its name is the issuer's."""
    if not _is_quick(authority.parsed.public_key()):
        return False
    try:
        digest = certificate.parsed.signature_hash_algorithm
        certificate.parsed.verify_directly_issued_by(authority.parsed)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return digest is None or digest.name not in _WEAK


def _read(chain: Sequence[bytes]) -> list[Certificate]:
    if not 1 <= len(chain) <= MAX_CHAIN:
        raise ProtocolError(f"a chain of {len(chain)} of 1 to {MAX_CHAIN} certificates")
    return [read(der) for der in chain]


def _by_subject(certificates: Iterable[Certificate]) -> dict[Name, list[Certificate]]:
    found: dict[Name, list[Certificate]] = defaultdict(list)
    for one in certificates:
        found[one.parsed.subject].append(one)
    return found


class _Signatures:
    """Which have been checked, each once, and no more than MAX_SIGNATURES."""

    def __init__(self) -> None:
        self._checked: dict[tuple[bytes, bytes], bool] = {}

    def hold(self, certificate: Certificate, issuer: Certificate) -> bool:
        pair = (certificate.der, issuer.der)
        if pair not in self._checked and len(self._checked) < MAX_SIGNATURES:
            self._checked[pair] = is_signed_by(certificate, issuer)
        return self._checked.get(pair, False)


def _anchored(
    shown: Iterable[Certificate],
    believed: Iterable[Certificate],
    signatures: _Signatures,
    now: datetime,
) -> dict[Name, list[Certificate]]:
    """By subject, those that are believed and those shown that hang from them, in any number.

    From the top, so that no key is used that a stranger has brought: he can choose one that takes
    long. CERT-13.
    """
    known, rest = _by_subject(believed), [*shown]
    while found := [one for one in rest if _hangs(one, known, signatures, now)]:
        for one in found:
            known[one.parsed.subject].append(one)
        rest = [one for one in rest if one not in found]
    return known


def _hangs(
    certificate: Certificate,
    known: Mapping[Name, Sequence[Certificate]],
    signatures: _Signatures,
    now: datetime,
) -> bool:
    return any(
        _may_sign(issuer, 0, now) and signatures.hold(certificate, issuer)
        for issuer in known.get(certificate.parsed.issuer, ())
    )


def _steps(
    leaf: Certificate,
    issuers: Mapping[Name, Sequence[Certificate]],
    signatures: _Signatures,
    now: datetime,
) -> Iterator[_Step]:
    """The authorities that lead up from the leaf, the nearest first, each once."""
    reached, steps = {leaf.der}, [_Step(leaf, 0, leaf.not_after)]
    for step in steps:  # which grow
        for issuer in issuers.get(step.certificate.parsed.issuer, ()):
            if issuer.der in reached or not _may_sign(issuer, step.below, now):
                continue
            if signatures.hold(step.certificate, issuer):
                reached.add(issuer.der)
                steps.append(_above(step, issuer))
                yield steps[-1]


def _may_sign(issuer: Certificate, below: int, now: datetime) -> bool:
    """Whether it may sign certificates, now, with so many authorities below it."""
    constraints, usage = issuer.constraints, issuer.usage
    return (
        constraints is not None
        and constraints.ca
        and (constraints.path_length is None or constraints.path_length >= below)
        and (usage is None or usage.key_cert_sign)
        and issuer.not_before <= now <= issuer.not_after
        and all(one.oid in _FOLLOWED for one in issuer.extensions if one.critical)
    )


def _is_quick(key: object) -> bool:
    """Whether a signature is checked with it in a millisecond or two, whoever made it."""
    match key:
        case rsa.RSAPublicKey():
            return key.key_size <= MAX_RSA and key.public_numbers().e <= MAX_EXPONENT
        case ec.EllipticCurvePublicKey() | ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return True
        case _:
            return False


def _above(step: _Step, issuer: Certificate) -> _Step:
    is_its_own = issuer.parsed.subject == issuer.parsed.issuer
    return _Step(issuer, step.below + (not is_its_own), min(step.expires_at, issuer.not_after))
