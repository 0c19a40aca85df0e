"""What a registering device sends and is told, in JSON, whichever way it comes.

Two doors speak it: `$dps` topics of MQTT, and the paths of HTTPS.

Source: docs/spec/registering.md, REGISTER-20 to REGISTER-24.
"""

import math
from datetime import datetime
from typing import Final, NamedTuple

from affinage.domain.errors import (
    BodyTooLarge,
    Invalid,
    Malformed,
    Throttled,
    Unauthorized,
    Unavailable,
)
from affinage.domain.members import member_text
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.frontends.http.problems import Code, code, numbered, told
from affinage.services.provisioning.arrivals import TpmKeys

MAX_ASK: Final = 96 * 1024
"""Bytes that a request to register may have. REGISTER-20."""

MAX_TPM_KEY: Final = 4096
"""Characters in a key of a TPM; one of RSA with 4096 bits has 800."""

RETRY_S: Final = 5
"""Seconds after which to ask again who could not be served."""

UNAUTHORIZED: Final = Code(401002, "Unauthorized")


class Ask(NamedTuple):
    """A request to register."""

    payload: JsonValue = None
    tpm: TpmKeys | None = None


class Refusal(NamedTuple):
    status: int
    body: JsonObject
    retry_after_s: int | None = None


def check_size(body: bytes) -> None:
    """Raise BodyTooLarge if a request to register has more than MAX_ASK bytes."""
    if len(body) > MAX_ASK:
        raise BodyTooLarge(f"a registration of {len(body)} of {MAX_ASK} bytes")


def ask_in(document: JsonValue, registration: str) -> Ask:
    """The request to register that a body is; nothing at all is one without a payload.

    Raises:
        Malformed: a member is not of its type.
        Invalid: it is another registration's.

    Source: REGISTER-20.
    """
    if document is None:
        return Ask()
    if not is_object(document):
        raise Malformed("a registration must be a JSON object")
    check_own(document, registration)
    return Ask(document.get("payload"), _tpm(document.get("tpm")))


def check_own(document: JsonObject, registration: str) -> None:
    """Raise Malformed or Invalid unless it names that registration, in any case, or none."""
    named = member_text(document, "registrationId")
    if named is not None and named.lower() != registration.lower():
        raise Invalid("registrationId is not the one that the request is for")


def refusal(error: Exception, *, request_id: str, at: datetime) -> Refusal:
    """What a device is told that was refused; of who it may be, nothing.

    Source: REGISTER-22 to REGISTER-24.
    """
    is_stranger = isinstance(error, Unauthorized)
    found = UNAUTHORIZED if is_stranger else code(error)
    text = UNAUTHORIZED.name if is_stranger else told(error)
    body = numbered(found.number, text, request_id, at)
    return Refusal(found.status, body, _retry_after_s(error))


def _retry_after_s(error: Exception) -> int | None:
    match error:
        case Throttled():
            return math.ceil(error.retry_after_s)
        case Unavailable():
            return RETRY_S
        case _:
            return None


def _tpm(given: JsonValue) -> TpmKeys | None:
    if given is None:
        return None
    if not is_object(given):
        raise Malformed("tpm must be an object")
    endorsement = _tpm_key(given, "endorsementKey")
    if endorsement is None:
        raise Malformed("tpm.endorsementKey is missing")
    return TpmKeys(endorsement, _tpm_key(given, "storageRootKey"))


def _tpm_key(given: JsonObject, name: str) -> str | None:
    key = member_text(given, name, within="tpm.")
    if key is not None and len(key) > MAX_TPM_KEY:
        raise Invalid(f"tpm.{name} has {len(key)} of {MAX_TPM_KEY} characters")
    return key
