"""What a device is given to connect to its hub with: made of what it proved itself with.

Source: docs/spec/provisioning.md, PROV-37.
"""

from affinage.domain.provisioning.attestation import SymmetricKeys, Tpm
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.provisioning.registration import Asked
from affinage.domain.values import JsonObject
from affinage.ports.ids import Ids
from affinage.ports.vault import Vault
from affinage.protocol import certificates
from affinage.protocol.tokens import derived_key
from affinage.services.provisioning.arrivals import TpmKeys, TpmProofs


class Given:
    """Credentials in the clear: they live no longer than it takes to hand them to the hub."""

    def __init__(self, vault: Vault, ids: Ids, tpms: TpmProofs) -> None:
        self._vault, self._ids, self._tpms = vault, ids, tpms

    def of(self, enrollment: Enrollment, asked: Asked) -> tuple[JsonObject, JsonObject]:
        """``authentication`` as a registry has it, and what the registration shows of the proof."""
        match enrollment.attestation:
            case SymmetricKeys(primary, secondary):
                keys = [self._vault.open(sealed).decode() for sealed in (primary, secondary)]
                if enrollment.is_group:
                    keys = [derived_key(key, asked.spelling) for key in keys]
                return _sas(*keys), {}
            case Tpm(endorsement_key, storage_root_key):
                key = self._ids.key()
                tpm = TpmKeys(endorsement_key, asked.storage_root_key or storage_root_key)
                return _sas(key, self._ids.key()), {"authenticationKey": self._tpms.wrap(tpm, key)}
            case _:
                leaf = certificates.read(asked.leaf or b"")
                prints: JsonObject = {"primaryThumbprint": leaf.sha256}
                shown: JsonObject = {"certificateInfo": {**leaf.document}}
                return {"type": "selfSigned", "x509Thumbprint": prints}, shown


def _sas(primary: str, secondary: str) -> JsonObject:
    keys: JsonObject = {"primaryKey": primary, "secondaryKey": secondary}
    return {"type": "sas", "symmetricKey": keys}
