"""Which hub a device gets: by allocation, or by asking the webhook that its enrollment names.

Source: docs/spec/provisioning.md, PROV-30 to PROV-35.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from affinage.domain.errors import AffinageError, Invalid
from affinage.domain.provisioning import enrollment as enrollments
from affinage.domain.provisioning.allocation import allocated, candidates
from affinage.domain.provisioning.enrollment import Allocation, Enrollment, InitialTwin, Webhook
from affinage.domain.provisioning.registration import Asked, Registration
from affinage.domain.values import JsonObject, JsonValue, check_size, is_object
from affinage.ports.webhooks import Webhooks
from affinage.protocol import certificates

CUSTOM_FAILED: Final = 400207
"""``errorCode`` of a registration for which a webhook named no hub. PROV-35."""

NO_HUB: Final = 400208
"""``errorCode`` of one whose enrollment names no hub that is linked. PROV-33."""


MAX_PAYLOAD: Final = 64 * 1024
"""Bytes, as `size_bytes` counts them, of what a device tells whoever allocates, and is told."""


class NotChosen(Exception):  # an answer to the device, not a failure of the hub
    """No hub can be chosen; told to the device as ``errorCode`` and ``errorMessage``."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Choice:
    hub: str
    twin: InitialTwin | None
    """What the device begins with."""
    payload: JsonValue = None
    """What the webhook tells the device."""


class Choosing:
    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def choose(
        self, of: Registration, enrollment: Enrollment, linked: Mapping[str, int]
    ) -> Choice:
        """The hub for a device now; NotChosen."""
        if enrollment.allocation is Allocation.CUSTOM and enrollment.webhook is not None:
            return await self._asked(of, enrollment, enrollment.webhook, linked)
        current = of.assignment.hub if of.assignment else None
        try:
            return Choice(allocated(enrollment, of.id, linked, current), enrollment.twin)
        except AffinageError as error:
            raise NotChosen(NO_HUB, str(error)) from None

    async def _asked(
        self, of: Registration, enrollment: Enrollment, hook: Webhook, linked: Mapping[str, int]
    ) -> Choice:
        offered = candidates(enrollment, linked)
        reply = await self._webhooks.ask(hook.url, _question(of, enrollment, [*offered]))
        failed = NotChosen(
            CUSTOM_FAILED, f"Custom allocation failed with status code: {reply.status}"
        )
        if reply.status != HTTPStatus.OK or not is_object(reply.body):
            raise failed
        host, twin, payload = (
            reply.body.get(name) for name in ("iotHubHostName", "initialTwin", "payload")
        )
        if not isinstance(host, str) or host.lower() not in offered:
            raise failed
        try:
            check_payload(payload)
            begins = enrollment.twin if twin is None else _initial_twin(twin)
        except AffinageError:
            raise failed from None
        return Choice(host.lower(), begins, payload)


def check_payload(payload: JsonValue) -> None:
    """Raise unless a device, or a webhook, may say that besides: an object of a size, or nothing.

    Raises:
        Invalid, TooLarge: it is something else, or larger than MAX_PAYLOAD.

    Source: PROV-34, PROV-43.
    """
    if payload is None:
        return
    if not is_object(payload):
        raise Invalid("payload must be an object")
    check_size("payload", payload, MAX_PAYLOAD)


def _initial_twin(twin: JsonValue) -> InitialTwin:
    if not is_object(twin):
        raise Invalid("initialTwin must be an object")
    return enrollments.initial_twin(twin)


def _shown(asked: Asked) -> JsonObject:
    """What the device showed that is no secret: its certificate, or the public keys of its TPM."""
    if asked.leaf is not None:
        return {"certificateInfo": {**certificates.read(asked.leaf).document}}
    keys = {"endorsementKey": asked.endorsement_key, "storageRootKey": asked.storage_root_key}
    return {name: key for name, key in keys.items() if key is not None}


def _question(of: Registration, enrollment: Enrollment, offered: list[str]) -> JsonObject:
    """What a webhook is told; never a key. Source: PROV-34."""
    context: JsonObject = {"registrationId": of.id, str(of.kind): _shown(of.asked)}
    if of.assignment is not None:
        context["currentIotHubHostName"] = of.assignment.hub
        context["currentDeviceId"] = of.assignment.device_id
    if of.asked.payload is not None:
        context["payload"] = of.asked.payload
    member = "enrollmentGroup" if enrollment.is_group else "individualEnrollment"
    return {
        member: enrollments.document(enrollment),
        "deviceRuntimeContext": context,
        "linkedHubs": [*offered],
    }
