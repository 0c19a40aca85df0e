"""What a device says to be given a hub: it registers over MQTT, and polls until it is assigned.

A key proves who it is, or the certificate in the options' context. Once it has its hub, it connects
there by `clients.device`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from affinage.clients.device import DeviceOptions, enter
from affinage.clients.link import SUBACK, Link
from affinage.clients.refusals import declined
from affinage.domain.errors import Forbidden, Throttled
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.mqtt.packets import Connect, Publish, Subscribe
from affinage.protocol.registering import (
    ANSWERS,
    Ask,
    Poll,
    Register,
    Registrant,
    RegistrationAnswer,
    parse_answer,
)
from affinage.protocol.tokens import make_token

API_VERSION: Final = "2019-03-31"
TOKEN_LIFE_S: Final = 3600
POLICY: Final = "registration"

_GOING_ON: Final = 202
_ERRORS_FROM: Final = 300


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device as its maker made it."""

    host: str
    """Of the provisioning service."""
    id_scope: str
    registration_id: str
    key: str | None = field(default=None, repr=False)
    """Its own key, base64; of a group, the one derived for it. None for a certificate."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a device was given."""

    host: str
    device_id: str
    payload: JsonValue = None
    """What whoever chose the hub tells the device."""

    def string(self, key: str) -> ConnectionString:
        """How it connects there, with the key that it registered with."""
        return ConnectionString(self.host, device=self.device_id, key=key)


async def register(
    device: Enrolled, options: DeviceOptions, *, now: float, payload: JsonValue = None
) -> Assigned:
    """Register, and return once the device has its hub.

    Args:
        options: may be shared by all the devices of a process.
        now: seconds since 1970, UTC: when the token begins.
        payload: what it tells whoever chooses a hub.

    Raises:
        Unauthorized: nobody is enrolled so, or the proof is another's.
        Forbidden: it was not assigned, and the message says why.
        Throttled, Unavailable: it may come again, and is then given the same hub.
        ProtocolError: the service answered what none does.
        ssl.SSLError: the service could not prove that it is the host.
    """
    client = _Client(device, options)
    try:
        await client.open(now)
        return await client.assigned(payload)
    finally:
        await client.close()


class _Client:
    def __init__(self, device: Enrolled, options: DeviceOptions) -> None:
        self._device, self._options = device, options
        self._link = Link(device.registration_id, on_publish=self._take, on_lost=lambda: None)
        self._requests = 0

    async def open(self, now: float) -> None:
        """Dial, say who this is, and subscribe to the answers."""
        device, options = self._device, self._options
        await enter(self._link, device.host, options, self._greeting(now))
        await self._link.ask(SUBACK, Subscribe(1, ((ANSWERS, 0),)), timeout_s=options.timeout_s)

    async def assigned(self, payload: JsonValue) -> Assigned:
        body: JsonObject = {"registrationId": self._device.registration_id}
        if payload is not None:
            body["payload"] = payload
        told, document = await self._ask(Register, body)
        operation = str(document.get("operationId"))
        while told.status == _GOING_ON:
            await asyncio.sleep(told.retry_after_s or 0)
            told, document = await self._ask(lambda rid: Poll(rid, operation), None)
        return self._given(document)

    async def close(self) -> None:
        await self._link.close()

    def _given(self, document: JsonObject) -> Assigned:
        state = document.get("registrationState")
        if not is_object(state) or document.get("status") != "assigned":
            why = state.get("errorMessage") if is_object(state) else None
            raise Forbidden(f"{self._device.registration_id}: not assigned: {why}")
        host, device_id = (state.get(name) for name in ("assignedHub", "deviceId"))
        if not isinstance(host, str) or not isinstance(device_id, str):
            raise ProtocolError("the hub assigned a device, and does not say where")
        return Assigned(host, device_id, state.get("payload"))

    async def _ask(
        self, make: Callable[[str], Ask], body: JsonObject | None
    ) -> tuple[RegistrationAnswer, JsonObject]:
        self._requests += 1
        rid = str(self._requests)
        payload = b" " if body is None else json.dumps(body).encode()
        publish = Publish(make(rid).topic, payload)
        answer = await self._link.ask(rid, publish, timeout_s=self._options.timeout_s)
        assert isinstance(answer, Publish)  # only a PUBLISH is given to who waits for a rid
        told = parse_answer(answer.topic)
        if told.status >= _ERRORS_FROM:
            raise self._declined(told, answer.payload)
        return told, _document(answer.payload)

    def _declined(self, told: RegistrationAnswer, body: bytes) -> Exception:
        error = declined(self._device.registration_id, told.status, body)
        if isinstance(error, Throttled) and told.retry_after_s is not None:
            return Throttled(str(error), retry_after_s=told.retry_after_s)
        return error

    def _greeting(self, now: float) -> Connect:
        device, password = self._device, None
        bag = {"api-version": API_VERSION, "ClientVersion": self._options.agent}
        who = Registrant(device.id_scope, device.registration_id, {**bag})
        if device.key is not None:
            expiry = int(now) + TOKEN_LIFE_S
            password = make_token(who.resource, device.key, expiry, POLICY).encode()
        keep_alive_s = self._options.keep_alive_s
        return Connect(device.registration_id, who.text, password, keep_alive_s, clean=True)

    def _take(self, packet: Publish) -> bool:
        self._link.answer(parse_answer(packet.topic).rid, packet)
        return True


def _document(payload: bytes) -> JsonObject:
    try:
        document = json.loads(payload)
    except ValueError:
        document = None
    if not is_object(document):
        raise ProtocolError("the hub sent what is no JSON object")
    return document
