"""`POST /devices/keys/regenerate`: new keys for up to a hundred identities.

Source: SERVICE-43 to SERVICE-45.
"""

from typing import Final

from starlette.responses import Response

from affinage.domain.errors import InvalidPolicyKey, Malformed
from affinage.domain.identity import Which
from affinage.domain.names import TwinKey, checked_key
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.problems import Code, code
from affinage.frontends.service_api.calls import Services
from affinage.services.keys import Kept, Rotated

FAILED: Final = Code(400036, "BulkRegenerateDeviceKeyOperationFailure")
PARTLY: Final = 207
"""The status where some identities have new keys, and others have not."""


async def regenerate(services: Services, call: Call) -> Response:
    """POST identities, to be given new keys."""
    body = await read_object(call.request)
    which, keys = _which(body.get("policyKey")), _keys(body.get("devices"))
    done, kept = await services.keys.rotate(which, keys, by=call.by)
    answer: JsonObject = {
        "policyKey": str(which),
        "rotatedKeys": [_rotated(one) for one in done],
        "errors": [_kept(one) for one in kept],
    }
    if done or not kept:
        return json_answer(answer, status=PARTLY if kept else 200)
    return json_answer(answer, status=FAILED.status, headers={"iothub-errorcode": FAILED.name})


def _which(given: JsonValue) -> Which:
    try:
        return Which(str(given))
    except ValueError:
        raise InvalidPolicyKey(
            f"policyKey {str(given)[:40]!r} is none of {', '.join(Which)}"
        ) from None


def _keys(devices: JsonValue) -> list[TwinKey]:
    if not isinstance(devices, list):
        raise Malformed("devices must be an array")
    return [_key(entry) for entry in devices]


def _key(entry: JsonValue) -> TwinKey:
    if not is_object(entry):
        raise Malformed("each of devices must be an object")
    device, module = entry.get("id"), entry.get("moduleId")
    if not isinstance(device, str) or not isinstance(module, str | None):
        raise Malformed("the id of each of devices must be a string, its moduleId one or absent")
    return checked_key(device, module or None)  # clients send an empty moduleId for none


def _rotated(one: Rotated) -> JsonObject:
    keys: JsonObject = {"primaryKey": one.primary, "secondaryKey": one.secondary}
    return {"id": one.key.device, "moduleId": one.key.module, **keys}


def _kept(one: Kept) -> JsonObject:
    return {
        "id": one.key.device,
        "moduleId": one.key.module,
        "errorCode": code(one.error).number,
        "errorStatus": str(one.error),
    }
