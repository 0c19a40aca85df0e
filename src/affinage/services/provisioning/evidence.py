"""Evidence: whether a device that comes has what its enrollment demands.

Why it is refused is for the log of who operates the hub: the doors tell all who are refused the
same, so that a stranger does not learn which registration ids are enrolled.

Source: docs/spec/provisioning.md, PROV-13 to PROV-19, PROV-47.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from affinage.domain.errors import Disabled, Invalid, Unauthorized
from affinage.domain.identity import Status
from affinage.domain.provisioning.attestation import (
    AuthorityReferences,
    ClientCertificates,
    SigningCertificates,
    SymmetricKeys,
    Tpm,
)
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.names import check_registration_id
from affinage.ports.clock import Clock
from affinage.ports.vault import Vault
from affinage.protocol import certificates, chains, tokens
from affinage.protocol.certificates import Certificate
from affinage.protocol.errors import ProtocolError
from affinage.services.provisioning.arrivals import Arrival, TpmKeys, TpmProofs
from affinage.services.provisioning.book import Book
from affinage.services.provisioning.keyring import Keyring

POLICY: Final = "registration"
"""What a token may name as the policy whose key signed it. PROV-14."""

_NOTHING: Final = "it shows neither the token nor the certificate that would prove it"

KNOWN: Final = 256
"""Certificates of groups that are kept as read: groups have 200 at most."""


class Authorities(Protocol):
    """Certificate authorities of which somebody proved to have the key."""

    def verified(self, name: str) -> Certificate | None:
        """By its name; None if there is none of that name, or nobody proved anything."""
        ...


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who came in, and by which enrollment."""

    registration_id: str
    enrollment: Enrollment
    leaf: Certificate | None = None
    """The certificate that it showed, where that is its proof."""


class Evidence:
    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        authorities: Authorities,
        tpms: TpmProofs,
    ) -> None:
        self._book, self._vault, self._clock = book, vault, clock
        self._authorities, self._tpms = authorities, tpms
        self._keyring = Keyring(vault)

    def admit(self, arrival: Arrival, id_scope: str) -> Admitted:
        """By which enrollment a device comes in.

        An individual enrollment decides alone, whatever its device is a member of.

        Raises:
            Challenged: it must prove that it has the TPM that its enrollment names.
            Disabled: it has the proof, and the enrollment is switched off.
            Unauthorized: anything else; the message says what, and is not for who was refused.
        """
        if arrival.id_scope.lower() != id_scope.lower():
            raise Unauthorized(f"the id scope here is {id_scope}, not {arrival.id_scope[:40]!r}")
        try:
            name = check_registration_id(arrival.registration_id)
        except Invalid as error:
            raise Unauthorized(str(error)) from None
        individual = self._book.enrollment(name)
        if individual is not None:
            found = self._individual(arrival, name, individual)
        elif arrival.token:
            found = Admitted(name, self._group_by_key(arrival))
        elif arrival.chain:
            found = self._group_by_chain(arrival, name)
        else:
            raise Unauthorized(_NOTHING)
        if found.enrollment.status is Status.DISABLED:
            raise Disabled(f"{found.enrollment.what} is disabled")
        return found

    def _individual(self, arrival: Arrival, name: str, of: Enrollment) -> Admitted:
        match of.attestation:
            case SymmetricKeys() as keys:
                self._check_token(arrival, self._opened(keys))
                return Admitted(name, of)
            case ClientCertificates(primary, secondary):
                known = [one.der for one in (primary, secondary) if one is not None]
                return Admitted(name, of, self._shown(arrival, known))
            case Tpm(endorsement_key, storage_root_key):
                self._tpms.prove(arrival, TpmKeys(endorsement_key, storage_root_key))
                return Admitted(name, of)
            case _:
                raise Unauthorized(f"{of.what} admits nobody: its proof is a group's")

    def _shown(self, arrival: Arrival, known: Sequence[bytes]) -> Certificate:
        """The leaf, if it is one of those that are known, and of now. PROV-16."""
        if not arrival.chain:
            raise Unauthorized(_NOTHING)
        if arrival.chain[0] not in known:
            raise Unauthorized("the certificate is not the one that is enrolled")
        try:
            leaf = certificates.read(arrival.chain[0])
            chains.check_moment(leaf, self._clock.now())
        except ProtocolError as error:
            raise Unauthorized(str(error)) from None
        return leaf

    def _group_by_key(self, arrival: Arrival) -> Enrollment:
        """The first group, by id, whose derived key signed the token. PROV-15."""
        tried: list[Enrollment] = []

        def keys() -> Iterator[str]:
            for key, group in self._keyring.derived(self._book.groups(), arrival.registration_id):
                tried.append(group)
                yield key

        self._check_token(arrival, keys())
        return tried[-1]  # no key is asked for behind the one that signed

    def _group_by_chain(self, arrival: Arrival, name: str) -> Admitted:
        """The group whose certificate is the nearest to the leaf. PROV-17, PROV-18."""
        groups = self._by_certificate()
        try:
            known = [group_certificate for group_certificate, _ in groups.values()]
            vouched = chains.verify(arrival.chain, known, self._clock.now())
        except ProtocolError as error:
            raise Unauthorized(f"no group admits it: {error}") from None
        if not _is_named(vouched.leaf, name):
            raise Unauthorized("the certificate is for another common name")
        return Admitted(name, groups[vouched.authorities[0].der][1], vouched.leaf)

    def _by_certificate(self) -> dict[bytes, tuple[Certificate, Enrollment]]:
        """What groups believe; of two that believe the same one, the first by id has it."""
        found: dict[bytes, tuple[Certificate, Enrollment]] = {}
        for group in self._book.groups():
            for one in self._believed(group):
                found.setdefault(one.der, (one, group))
        return found

    def _believed(self, group: Enrollment) -> Iterator[Certificate]:
        match group.attestation:
            case SigningCertificates(primary, secondary):
                yield from (_known(one.der) for one in (primary, secondary) if one is not None)
            case AuthorityReferences(first, second):
                for name in filter(None, (first, second)):
                    if (authority := self._authorities.verified(name)) is not None:
                        yield authority
            case _:
                pass

    def _check_token(self, arrival: Arrival, keys: Iterable[str]) -> None:
        """Unauthorized unless one of the keys signed the token. PROV-14."""
        if not arrival.token:
            raise Unauthorized(_NOTHING)
        resource = f"{arrival.id_scope}/registrations/{arrival.registration_id}"
        now = self._clock.now().timestamp()
        try:
            token = tokens.parse(arrival.token)
            tokens.verify(token, resource=resource, keys=keys, now=now, as_sent=True)
        except ProtocolError as error:
            raise Unauthorized(str(error)) from None
        if token.policy not in (None, POLICY):
            raise Unauthorized(f"the token names a policy, and not {POLICY!r}")

    def _opened(self, keys: SymmetricKeys) -> tuple[str, str]:
        first, second = (self._vault.open(one).decode() for one in (keys.primary, keys.secondary))
        return first, second


@lru_cache(maxsize=KNOWN)
def _known(der: bytes) -> Certificate:
    """A certificate that a group has: read once, for all of them are held against who comes."""
    return certificates.read(der)


def _is_named(leaf: Certificate, name: str) -> bool:
    """Whether it is for that registration; not by a letter of which only the small one is ASCII."""
    own = leaf.common_name or ""
    return own.isascii() and own.lower() == name
