"""What a door of provisioning hands in, and what it is given to tell the device."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from affinage.domain.provisioning.registration import Status
from affinage.domain.values import JsonObject


@dataclass(frozen=True, slots=True)
class TpmKeys:
    """What is known of a TPM; base64."""

    endorsement_key: str
    storage_root_key: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who comes, by which door, with which proof: what a door knows of one request."""

    id_scope: str
    """As the device named it."""
    registration_id: str
    """As the device spelled it, decoded."""
    token: str | None = field(default=None, repr=False)
    """A shared-access token; None or '' for none."""
    chain: Sequence[bytes] = ()
    """The certificates that it showed, DER, its own first."""
    tpm: TpmKeys | None = None
    """As a request to register names them; None if it does not."""
    api_version: str = ""
    door: str = "https"
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door tells a device: the body is `document`."""

    operation_id: str
    status: Status
    state: JsonObject | None = None
    """``registrationState``; None while the device is being assigned."""
    retry_after_s: int | None = None
    """Seconds after which to ask again (202); None if this is the result (200)."""

    @property
    def is_final(self) -> bool:
        return self.retry_after_s is None

    @property
    def document(self) -> JsonObject:
        """``operationId``, ``status`` and, of a result, ``registrationState``."""
        shown: JsonObject = {"operationId": self.operation_id, "status": str(self.status)}
        return shown if self.state is None else {**shown, "registrationState": self.state}


class TpmProofs(Protocol):
    """Whether a device has the TPM that its enrollment names."""

    def prove(self, arrival: Arrival, enrolled: TpmKeys) -> None:
        """Return if the arrival's token is signed with the key that it was challenged with.

        Raises:
            Challenged: it has no token: the challenge that its TPM alone can answer.
            Unauthorized: it was not challenged, lately, or signed with something else.
        """
        ...

    def wrap(self, keys: TpmKeys, secret: str) -> str:
        """A symmetric key, base64, as only that TPM can read it: ``tpm.authenticationKey``."""
        ...
