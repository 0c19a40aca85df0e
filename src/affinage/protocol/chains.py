"""Chains of certificates: which authority vouches for a client that shows one.

Decided here: whose signature stands under whose certificate, and what makes a certificate an
authority's. No list of revoked certificates is asked for: an authority is revoked where it is
kept. Neither an alternative name nor an extended key usage is demanded of a leaf: those in the
field have none.

Source: docs/spec/certificates.md, CERT-5 to CERT-12; RFC 5280 §6.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import Name
from cryptography.x509.oid import ExtensionOID

from affinage.protocol.certificates import Certificate, read
from affinage.protocol.errors import ProtocolError

MAX_CHAIN: Final = 10
"""Certificates that a client may show. CERT-6."""

MAX_RSA: Final = 8192
"""Bits of an authority's key: checking a larger one takes too long. CERT-9."""

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

    Source: CERT-5 to CERT-12.
    """
    leaf, *shown = _read(chain)
    check_moment(leaf, now)
    believed = {one.der: one for one in authorities}
    issuers = _by_subject([*believed.values(), *shown])
    found, reached, steps = [], {leaf.der}, [_Step(leaf, 0, leaf.not_after)]
    for step in steps:  # which grow: the nearest first, each certificate once
        for issuer in issuers[step.certificate.parsed.issuer]:
            if issuer.der not in reached and _vouches(issuer, step, now):
                reached.add(issuer.der)
                steps.append(_above(step, issuer))
                if issuer.der in believed:
                    found.append(steps[-1])
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
    key = authority.parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size > MAX_RSA:
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


def _vouches(issuer: Certificate, step: _Step, now: datetime) -> bool:
    """Whether an authority may sign certificates, so far above the leaf, and signed this one."""
    constraints, usage = issuer.constraints, issuer.usage
    return (
        constraints is not None
        and constraints.ca
        and (constraints.path_length is None or constraints.path_length >= step.below)
        and (usage is None or usage.key_cert_sign)
        and issuer.not_before <= now <= issuer.not_after
        and all(one.oid in _FOLLOWED for one in issuer.extensions if one.critical)
        and is_signed_by(step.certificate, issuer)
    )


def _above(step: _Step, issuer: Certificate) -> _Step:
    is_its_own = issuer.parsed.subject == issuer.parsed.issuer
    return _Step(issuer, step.below + (not is_its_own), min(step.expires_at, issuer.not_after))
