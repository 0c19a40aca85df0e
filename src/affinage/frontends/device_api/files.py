"""`/devices/{id}/files`: a place for a file, and that it is there.

Source: UPLOAD-1 to UPLOAD-5, UPLOAD-20, UPLOAD-21.
"""

from typing import Final
from urllib.parse import quote, urlencode

from starlette.responses import Response

from affinage.domain.errors import Missing
from affinage.domain.members import member_text
from affinage.domain.moments import iso
from affinage.domain.uploads import Upload
from affinage.frontends.device_api.calls import Services
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.calls import Call
from affinage.frontends.http.paths import decoded_tail

CONTAINER: Final = "uploads"
"""What the paths of blobs begin with, on the port of this door."""

VERSION: Final = "2021-08-06"
"""Of storage: clients look for one."""


async def begin(services: Services, call: Call) -> Response:
    """POST the name of a file, and be told where it belongs."""
    name = member_text(await read_object(call.request), "blobName")
    if name is None:
        raise Missing("blobName is missing")
    return await _begun(services, call, name)


async def begin_named(services: Services, call: Call) -> Response:
    """GET where a file of that name belongs."""
    return await _begun(services, call, decoded_tail(call.request.path_params["blob"]))


async def finish(services: Services, call: Call) -> Response:
    """POST that a file is there, or will not be."""
    body = await read_object(call.request)
    is_in_path = "upload" in call.request.path_params
    upload = call.segment("upload") if is_in_path else body.get("correlationId")
    if not isinstance(upload, str):
        raise Missing("correlationId is missing, or is no string")
    is_success = body.get("isSuccess")
    if not isinstance(is_success, bool):
        raise Missing("isSuccess is missing, or is neither true nor false")
    device = call.key.device
    await services.uploads.finish(device, upload, is_success=is_success, by=call.by)
    return empty_answer()


async def _begun(services: Services, call: Call, name: str) -> Response:
    host = call.request.headers["host"]  # it is one of the hub's, else nobody would be here

    def uri_of(blob: str) -> str:
        return f"https://{host}/{CONTAINER}/{quote(blob)}"

    upload, signature = await services.uploads.begin(call.key.device, name, uri_of, by=call.by)
    place = {
        "correlationId": upload.id,
        "hostName": host,
        "containerName": CONTAINER,
        "blobName": upload.blob,
        "sasToken": f"?{_query(upload, signature)}",
    }
    return json_answer(place)


def _query(upload: Upload, signature: str) -> str:
    """What makes a blob's URL one that may be written to, as storage spells it."""
    until = {"se": iso(upload.expires_at), "si": upload.id, "sig": signature}
    return urlencode({"sv": VERSION, "sr": "b", "sp": "cw", **until})
