"""What attestations are made of: keys that are sealed at once, certificates as they were given."""

import base64
import binascii
from collections.abc import Mapping
from hmac import compare_digest
from typing import Final

from affinage.domain.errors import Invalid
from affinage.domain.identity import KeySource
from affinage.domain.provisioning.attestation import Certificate, Makings
from affinage.ports.ids import Ids
from affinage.ports.vault import Vault
from affinage.protocol import certificates
from affinage.protocol.errors import ProtocolError

KEY_BYTES: Final = 64
"""Of a key that is made for an enrollment."""

_PEM: Final = "-----BEGIN"


def attestation_makings(vault: Vault, ids: Ids) -> Makings:
    """Of this hub: its vault seals, its ids are random."""
    keys = KeySource(
        lambda: ids.key(KEY_BYTES),
        lambda key: vault.seal(key.encode()),
        lambda sealed, key: compare_digest(vault.open(sealed), key.encode()),
    )
    return Makings(keys, read_certificate)


def read_certificate(text: str) -> Certificate:
    """One certificate: PEM, base64 of that, or base64 of DER. Source: PROV-16."""
    try:
        found = certificates.parse(text) if _PEM in text else [_decoded(text)]
    except (ProtocolError, binascii.Error, ValueError):
        raise Invalid("a certificate must be PEM, or base64 of DER") from None
    shown: Mapping[str, str | int] = found[0].document
    return Certificate(found[0].der, {**shown})


def _decoded(text: str) -> certificates.Certificate:
    plain = base64.b64decode("".join(text.split()), validate=True)
    if plain.startswith(_PEM.encode()):
        return certificates.parse(plain.decode())[0]
    return certificates.read(plain)
