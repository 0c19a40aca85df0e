"""Proof by a TPM: a challenge that one chip alone can read, and the key in it signs the answer.

Nothing is kept of a challenge: its key is derived from a secret of the hub, whom it is for, and the
hour. So strangers can fill nothing up, and who was challenged may answer after a restart.

Source: docs/spec/registering.md, REGISTER-33 to REGISTER-37.
"""

import base64
import hmac
from collections.abc import Iterator
from typing import Final

import msgspec

from affinage.domain.errors import Challenged, Invalid, Unauthorized
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.protocol import tokens
from affinage.protocol.errors import ProtocolError
from affinage.protocol.tpm import INNER_KEY, SEED, PublicArea, Secrets, wrapped
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Fleet
from affinage.services.provisioning.arrivals import Arrival, TpmKeys

PERIOD_S: Final = 3600
"""A challenge may be answered in the period in which it was made, and in the one behind it."""

_KEY: Final = "challenges"


class Kept(msgspec.Struct, frozen=True, array_like=True):
    secret: bytes
    """Sealed."""


class Challenges:
    """Implements `arrivals.TpmProofs`."""

    def __init__(self, fleet: Fleet, vault: Vault, clock: Clock, ids: Ids) -> None:
        self._fleet, self._vault, self._clock, self._ids = fleet, vault, clock, ids
        self._secret = b""

    async def open(self) -> None:
        """Read the secret; at the first start it is made, and durable when this returns."""
        kept = dict(self._fleet.saved(Table.PROVISIONING))
        if _KEY in kept:
            self._secret = self._vault.open(codec.decode(kept[_KEY], Kept).secret)
            return
        self._secret = base64.b64decode(self._ids.key())
        made = Kept(self._vault.seal(self._secret))
        await self._fleet.save(Row(Table.PROVISIONING, _KEY, codec.encode(made)))

    def prove(self, arrival: Arrival, enrolled: TpmKeys) -> None:
        """Return if the arrival's token is signed with the key that it was challenged with.

        Raises:
            Challenged: it has no token, but names the chip that is enrolled.
            Unauthorized: it names another, or none; was not challenged, lately; or signed with
                something else.

        Source: REGISTER-33 to REGISTER-35.
        """
        if not arrival.token:
            raise self._challenged(arrival, enrolled)
        try:
            tokens.verify(
                tokens.parse(arrival.token),
                resource=f"{arrival.id_scope}/registrations/{arrival.registration_id}",
                keys=self._keys(arrival, enrolled),
                now=self._clock.now().timestamp(),
            )
        except ProtocolError as error:
            raise Unauthorized(str(error)) from None

    def wrap(self, keys: TpmKeys, secret: str) -> str:
        """A symmetric key, base64, as only that TPM can read it.

        Raises:
            Invalid: its keys are none, or of a kind that is not supported.

        Source: REGISTER-36, REGISTER-37.
        """
        try:
            endorsement = PublicArea.parse(keys.endorsement_key)
            storage = PublicArea.parse(keys.storage_root_key or "")
            blob = wrapped(endorsement, storage, base64.b64decode(secret), self._secrets())
        except ProtocolError as error:
            raise Invalid(f"tpm: {error}") from None
        return base64.b64encode(blob).decode()

    def _challenged(self, arrival: Arrival, enrolled: TpmKeys) -> Exception:
        shown = arrival.tpm
        if shown is None or shown.endorsement_key != enrolled.endorsement_key:
            return Unauthorized("it is not the TPM that is enrolled")
        storage = shown.storage_root_key or enrolled.storage_root_key
        known = TpmKeys(enrolled.endorsement_key, storage)
        try:
            blob = self.wrap(known, next(self._keys(arrival, enrolled)))
        except Invalid as error:
            return Unauthorized(str(error))
        return Challenged("prove that you have the TPM", authentication_key=blob)

    def _keys(self, arrival: Arrival, enrolled: TpmKeys) -> Iterator[str]:
        """Of a challenge made now, and of one made a period ago; base64."""
        period = int(self._clock.now().timestamp()) // PERIOD_S
        for number in (period, period - 1):
            of = (arrival.registration_id.lower(), enrolled.endorsement_key, str(number))
            key = hmac.digest(self._secret, "\n".join(of).encode(), "sha256")
            yield base64.b64encode(key).decode()

    def _secrets(self) -> Secrets:
        first, second, third = (self._random()[:SEED] for _ in range(3))
        return Secrets(first, second, self._random()[:INNER_KEY], third)

    def _random(self) -> bytes:
        return base64.b64decode(self._ids.key())
