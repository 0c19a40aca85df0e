"""What an enrollment may demand as proof, and how it is shown."""

from typing import Any

import pytest

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.domain.provisioning import attestation
from affinage.domain.provisioning.attestation import SymmetricKeys, Tpm
from affinage.domain.values import JsonObject
from fakes.enrolled import KEYS, makings, x509

SECOND: JsonObject = {"certificate": "Yg=="}
PAIR: JsonObject = {"primaryKey": KEYS[0], "secondaryKey": KEYS[1]}


def read(body: JsonObject, current: Any = None) -> Any:
    return attestation.read(body, current, makings())


def test_keys_that_nobody_names_are_made_and_those_there_stay() -> None:
    """PROV-9, PROV-10"""
    made = read({"type": "symmetricKey"})
    assert [one.decode().split()[1] for one in (made.primary, made.secondary)] == KEYS
    assert read({"type": "SymmetricKey", "symmetricKey": {"primaryKey": ""}}, made) is made


def test_keys_that_are_named_are_sealed_and_those_there_not_again() -> None:
    """PROV-10, PROV-11"""
    made = read({"type": "symmetricKey", "symmetricKey": PAIR})
    swapped: JsonObject = {"primaryKey": KEYS[1], "secondaryKey": KEYS[0]}
    again = read({"type": "symmetricKey", "symmetricKey": swapped}, made)
    assert again == SymmetricKeys(made.secondary, made.primary)


def test_certificates_that_nobody_names_again_stay() -> None:
    """PROV-9, PROV-16"""
    made = read(x509("clientCertificates", primary={"certificate": "YQ=="}, secondary=None))
    shown: Any = attestation.document(made)
    assert shown["x509"]["clientCertificates"]["primary"]["info"] == {"subjectName": "YQ=="}
    del shown["x509"]["clientCertificates"]["primary"]["certificate"]
    assert read(shown, made) == made
    with pytest.raises(Missing, match="needs a primary certificate"):
        read(shown)


@pytest.mark.parametrize(
    "body",
    [
        x509(
            "signingCertificates",
            primary={"certificate": "YQ=="},
            secondary={"certificate": "Yg=="},
        ),
        x509("caReferences", primary="plant"),
        x509("caReferences", primary="plant", secondary="old"),
        {"type": "tpm", "tpm": {"endorsementKey": KEYS[0]}},
        {"type": "tpm", "tpm": {"endorsementKey": KEYS[0], "storageRootKey": KEYS[1]}},
    ],
)
def test_what_is_shown_reads_as_what_it_was(body: JsonObject) -> None:
    """PROV-5, PROV-6"""
    made = read(body)
    assert read(attestation.document(made), made) == made


def test_keys_are_shown_to_whom_they_are_given() -> None:
    """PROV-12"""
    made = read({"type": "symmetricKey"})
    assert attestation.document(made) == {"type": "symmetricKey"}
    assert attestation.document(made, ("a", "b"))["symmetricKey"] == {
        "primaryKey": "a",
        "secondaryKey": "b",
    }
    assert isinstance(read({"type": "tpm", "tpm": {"endorsementKey": KEYS[0]}}), Tpm)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, Missing),
        ({"type": 7}, Malformed),
        ({"type": "none"}, Invalid),
        ({"type": "symmetricKey", "symmetricKey": []}, Malformed),
        ({"type": "symmetricKey", "symmetricKey": {"primaryKey": 7}}, Malformed),
        ({"type": "symmetricKey", "symmetricKey": {"primaryKey": KEYS[0]}}, Invalid),
        ({"type": "symmetricKey", "symmetricKey": {**PAIR, "primaryKey": "?"}}, Malformed),
        ({"type": "x509"}, Invalid),
        ({"type": "x509", "x509": {"caReferences": {}, "clientCertificates": {}}}, Invalid),
        (x509("caReferences"), Missing),
        (x509("clientCertificates", primary="text"), Malformed),
        (x509("clientCertificates", primary={"certificate": 7}), Malformed),
        ({"type": "tpm"}, Missing),
        ({"type": "tpm", "tpm": {"endorsementKey": "?"}}, Malformed),
        ({"type": "tpm", "tpm": {"endorsementKey": "A" * 1372}}, Invalid),
    ],
)
def test_what_can_be_no_proof_is_refused(body: JsonObject, error: type[Exception]) -> None:
    """PROV-5, PROV-10"""
    with pytest.raises(error):
        read(body)
