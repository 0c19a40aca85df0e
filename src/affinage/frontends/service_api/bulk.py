"""`POST /devices`: up to a hundred identities in one request.

Source: SERVICE-40 to SERVICE-42.
"""

from typing import Final

from starlette.responses import Response

from affinage.domain.errors import EtagMismatch, Malformed
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.frontends.http.answers import json_answer
from affinage.frontends.http.bodies import read_json
from affinage.frontends.http.calls import Call
from affinage.frontends.http.problems import Code, code
from affinage.frontends.service_api.calls import Services
from affinage.services.bulk import BulkError

MAX_BULK_BODY: Final = 1024 * 1024
"""Bytes."""

FAILED: Final = Code(400013, "BulkRegistryOperationFailure")
ETAG_DOES_NOT_MATCH: Final = Code(400023, "EtagDoesNotMatch")
"""What a mismatch is called in an entry: the entry's etag is in the body."""


async def run(services: Services, call: Call) -> Response:
    """POST entries; what was refused is told in the body, and by the status that anything was."""
    entries = _entries(await read_json(call.request, MAX_BULK_BODY))
    errors = [_shown(error) for error in await services.bulk.run(entries, by=call.by)]
    body = {"isSuccessful": not errors, "errors": errors, "warnings": []}
    if not errors:
        return json_answer(body)
    return json_answer(body, status=FAILED.status, headers={"iothub-errorcode": FAILED.name})


def _entries(body: JsonValue) -> list[JsonObject]:
    if not isinstance(body, list):
        raise Malformed("the body must be an array of entries")
    entries = [entry for entry in body if is_object(entry)]
    if len(entries) < len(body):
        raise Malformed("each entry must be an object")
    return entries


def _shown(refused: BulkError) -> JsonObject:
    is_mismatch = isinstance(refused.error, EtagMismatch)
    found = ETAG_DOES_NOT_MATCH if is_mismatch else code(refused.error)
    return {
        "deviceId": refused.key.device,
        "moduleId": refused.key.module,
        "errorCode": found.number,
        "errorStatus": str(refused.error),
        "operation": refused.operation,
    }
