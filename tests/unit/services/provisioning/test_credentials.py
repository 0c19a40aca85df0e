"""What a device is given to connect to its hub with."""

import base64
from typing import Any

from msgspec.structs import replace

from affinage.domain.provisioning.attestation import Certificate as Kept
from affinage.domain.provisioning.attestation import ClientCertificates, SymmetricKeys, Tpm
from affinage.domain.provisioning.registration import Asked
from affinage.protocol.tokens import derived_key
from affinage.services.provisioning.arrivals import Arrival, TpmKeys
from affinage.services.provisioning.credentials import Given
from fakes.enrolled import create
from fakes.ids import CountingIds
from fakes.pki import leaf
from fakes.provisioned import KEY, OTHER_KEY
from fakes.vault import OpenVault

SEALED = SymmetricKeys(f"sealed {KEY}".encode(), f"sealed {OTHER_KEY}".encode())


class Wrapping:
    """Implements `TpmProofs`: whatever is wrapped can be seen."""

    def prove(self, arrival: Arrival, enrolled: TpmKeys) -> None:
        """Everybody is believed."""

    def wrap(self, keys: TpmKeys, secret: str) -> str:
        return f"{keys.storage_root_key} has {secret}"


def given(attestation: Any, *, is_group: bool = False, **asked: Any) -> Any:
    of = replace(create(is_group=is_group), attestation=attestation)
    return Given(OpenVault(), CountingIds(), Wrapping()).of(of, Asked("Dev1", **asked))


def test_keys_are_those_of_the_enrollment_or_derived_from_both_of_the_group() -> None:
    """PROV-37"""
    own, shown = given(SEALED)
    assert (own["symmetricKey"], shown) == ({"primaryKey": KEY, "secondaryKey": OTHER_KEY}, {})
    its, _ = given(SEALED, is_group=True)
    assert its["symmetricKey"] == {
        "primaryKey": derived_key(KEY, "Dev1"),
        "secondaryKey": derived_key(OTHER_KEY, "Dev1"),
    }


def test_a_certificate_is_known_by_its_thumbprint() -> None:
    """PROV-37, PROV-41"""
    made = leaf("dev1")
    proof, shown = given(ClientCertificates(Kept(made.der, {})), leaf=made.der)
    assert proof["x509Thumbprint"] == {"primaryThumbprint": made.certificate.sha256}
    assert shown["certificateInfo"]["subjectName"] == "CN=dev1"


def test_a_tpm_is_given_a_key_that_it_alone_can_read() -> None:
    """PROV-37"""
    proof, shown = given(Tpm(KEY, "old"), storage_root_key="new")
    key = proof["symmetricKey"]["primaryKey"]
    assert len(base64.b64decode(key)) == 32
    assert shown == {"authenticationKey": f"new has {key}"}
