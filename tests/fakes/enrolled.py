"""Enrollments as values: what a test of the domain begins with."""

import base64
from itertools import count
from typing import Any

from affinage.domain.identity import KeySource
from affinage.domain.provisioning import enrollment
from affinage.domain.provisioning.attestation import Certificate, Makings
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.values import JsonObject

KEYS = ["AAAAAAAAAAAAAAAAAAAAAA==", "AQEBAQEBAQEBAQEBAQEBAQ=="]


def makings() -> Makings:
    numbers = count()
    keys = KeySource(
        lambda: KEYS[next(numbers) % 2],
        lambda key: f"{next(numbers)} {key}".encode(),
        lambda sealed, key: sealed.decode().endswith(key),
    )
    return Makings(keys, lambda text: Certificate(base64.b64decode(text), {"subjectName": text}))


def x509(kind: str, **entries: Any) -> JsonObject:
    return {"type": "x509", "x509": {kind: entries}}


SYMMETRIC: JsonObject = {"type": "symmetricKey"}
CLIENT = x509("clientCertificates", primary={"certificate": "YQ=="})
SIGNING = x509("signingCertificates", primary={"certificate": "YQ=="})
TPM: JsonObject = {"type": "tpm", "tpm": {"endorsementKey": KEYS[0]}}


def create(name: str = "dev1", *, is_group: bool = False, **body: Any) -> Enrollment:
    body = {"attestation": SYMMETRIC, **body}
    return enrollment.create(name, body, makings(), is_group=is_group, etag=7, at=1000)
