"""Attestation: what an enrollment demands as proof of who a device is.

Keys are here only sealed, and a certificate is what the caller's reader made of its text.

Source: docs/spec/provisioning.md, PROV-10 to PROV-19.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.domain.identity import KeySource, check_key
from affinage.domain.members import member_object, member_text
from affinage.domain.values import JsonObject, JsonValue

MAX_TPM_KEY: Final = 1024
"""Bytes of a TPM's public key, before base64: some three times what they take."""


class Certificate(Struct, frozen=True, array_like=True):
    """One certificate, and what it says of itself."""

    der: bytes
    shown: dict[str, Any]
    """``info``: its names, thumbprints, validity, serial number and version."""


class SymmetricKeys(Struct, frozen=True, array_like=True, tag="symmetricKey"):
    """Sealed; of a group, the keys that those of its devices are derived from."""

    primary: bytes
    secondary: bytes


class ClientCertificates(Struct, frozen=True, array_like=True, tag="clientCertificates"):
    """The device shows one of these."""

    primary: Certificate
    secondary: Certificate | None = None


class SigningCertificates(Struct, frozen=True, array_like=True, tag="signingCertificates"):
    """One of these vouches for the device's certificate."""

    primary: Certificate
    secondary: Certificate | None = None


class AuthorityReferences(Struct, frozen=True, array_like=True, tag="caReferences"):
    """Names of certificate authorities that the hub knows, and has verified."""

    primary: str
    secondary: str | None = None


class Tpm(Struct, frozen=True, array_like=True, tag="tpm"):
    """The public keys of a TPM, base64."""

    endorsement_key: str
    storage_root_key: str | None = None


Attestation: TypeAlias = (
    SymmetricKeys | ClientCertificates | SigningCertificates | AuthorityReferences | Tpm
)

Keys: TypeAlias = tuple[str, str]
"""Primary and secondary, in the clear."""


class Makings(Struct, frozen=True):
    """What an attestation needs and no domain can make; lent by the services."""

    keys: KeySource
    certificate: Callable[[str], Certificate]
    """Reads base64 of DER, or PEM; raises Invalid."""


def read(body: JsonObject, current: Attestation | None, made: Makings) -> Attestation:
    """What an enrollment's ``attestation`` demands.

    Args:
        current: that of the enrollment now, whose keys and certificates stay where the request
            names none; None for a new one, which is given fresh keys.

    Raises:
        Missing: no type, or not what its type needs; Invalid, Malformed: see the message.
    """
    match kind := _kind(body):
        case "symmetricKey":
            return _symmetric(member_object(body, "symmetricKey"), current, made.keys)
        case "x509":
            return _x509(member_object(body, "x509"), current, made)
        case "tpm":
            return _tpm(member_object(body, "tpm"))
        case _:
            raise Invalid(f"attestation.type {kind[:40]!r} is none of symmetricKey, x509 and tpm")


def document(of: Attestation, keys: Keys | None = None) -> JsonObject:
    """As the API shows it; of symmetric keys no more than the caller gives. Source: PROV-12."""
    match of:
        case SymmetricKeys():
            shown: JsonObject = {"type": "symmetricKey"}
            if keys is not None:
                shown["symmetricKey"] = {"primaryKey": keys[0], "secondaryKey": keys[1]}
            return shown
        case Tpm(endorsement_key, storage_root_key):
            tpm: JsonObject = {"endorsementKey": endorsement_key}
            if storage_root_key is not None:
                tpm["storageRootKey"] = storage_root_key
            return {"type": "tpm", "tpm": tpm}
        case AuthorityReferences(primary, secondary):
            return _x509_shown("caReferences", primary, secondary)
        case _:
            is_client = isinstance(of, ClientCertificates)
            kind = "clientCertificates" if is_client else "signingCertificates"
            return _x509_shown(kind, _entry(of.primary), _entry(of.secondary))


def _kind(body: JsonObject) -> str:
    kind = member_text(body, "type", "attestation.")
    if kind is None:
        raise Missing("attestation needs a type: symmetricKey, x509 or tpm")
    known = {name.lower(): name for name in ("symmetricKey", "x509", "tpm")}
    return known.get(kind.lower(), kind)


def _symmetric(body: JsonObject, current: Attestation | None, keys: KeySource) -> SymmetricKeys:
    names = ("primaryKey", "secondaryKey")
    given = [member_text(body, name, "symmetricKey.") or "" for name in names]
    if bool(given[0]) != bool(given[1]):
        raise Invalid("give both symmetric keys or neither; neither keeps them, or makes two")
    if not given[0]:
        if isinstance(current, SymmetricKeys):
            return current
        given = [keys.fresh(), keys.fresh()]
    for key in given:
        check_key(key)
    return SymmetricKeys(*(_sealed(key, current, keys) for key in given))


def _sealed(key: str, current: Attestation | None, keys: KeySource) -> bytes:
    """A key that the enrollment has is not sealed again."""
    known = (current.primary, current.secondary) if isinstance(current, SymmetricKeys) else ()
    return next((one for one in known if keys.is_same(one, key)), None) or keys.seal(key)


def _x509(body: JsonObject, current: Attestation | None, made: Makings) -> Attestation:
    kinds = ("clientCertificates", "signingCertificates", "caReferences")
    named = [kind for kind in kinds if body.get(kind) is not None]
    if len(named) != 1:
        raise Invalid(f"attestation.x509 has {len(named)} of {', '.join(kinds)}: name one")
    entries = member_object(body, named[0])
    if named[0] == "caReferences":
        return _references(entries)
    kind = ClientCertificates if named[0] == "clientCertificates" else SigningCertificates
    kept = (current.primary, current.secondary) if isinstance(current, kind) else (None, None)
    first = _certificate(entries, "primary", kept[0], made)
    second = _certificate(entries, "secondary", kept[1], made)
    if first is None:
        raise Missing(f"{named[0]} needs a primary certificate")
    return kind(first, second)


def _certificate(
    entries: JsonObject, name: str, kept: Certificate | None, made: Makings
) -> Certificate | None:
    if entries.get(name) is None:
        return None
    entry = member_object(entries, name)
    text = member_text(entry, "certificate", f"{name}.")
    return made.certificate(text) if text else kept


def _references(body: JsonObject) -> AuthorityReferences:
    first, second = (member_text(body, name, "caReferences.") for name in ("primary", "secondary"))
    if not first:
        raise Missing("caReferences needs a primary: the name of a certificate authority")
    return AuthorityReferences(first, second or None)


def _tpm(body: JsonObject) -> Tpm:
    first, second = (
        member_text(body, name, "tpm.") or None for name in ("endorsementKey", "storageRootKey")
    )
    if first is None:
        raise Missing("tpm needs an endorsementKey")
    for key in filter(None, (first, second)):
        _check_tpm_key(key)
    return Tpm(first, second)


def _check_tpm_key(key: str) -> None:
    try:
        size = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        raise Malformed("a TPM's key must be base64") from None
    if not 1 <= size <= MAX_TPM_KEY:
        raise Invalid(f"a TPM's key of {size} bytes: it has 1 to {MAX_TPM_KEY}")


def _entry(certificate: Certificate | None) -> JsonObject | None:
    if certificate is None:
        return None
    text = base64.b64encode(certificate.der).decode()
    return {"certificate": text, "info": certificate.shown}


def _x509_shown(kind: str, first: JsonValue, second: JsonValue) -> JsonObject:
    pair = {"primary": first} if second is None else {"primary": first, "secondary": second}
    return {"type": "x509", "x509": {kind: pair}}
