"""`/certificates`: the certificate authorities that devices are known by, and their proofs.

Source: docs/spec/authorities.md.
"""

from collections.abc import Sequence
from functools import partial

from starlette.responses import Response

from affinage.domain.values import JsonObject
from affinage.frontends.http.answers import empty_answer, json_answer
from affinage.frontends.http.bodies import read_object
from affinage.frontends.http.etags import guarded, quoted
from affinage.frontends.native_api.calls import Call, Services, tagged


async def list_all(services: Services, call: Call) -> Response:
    """GET every certificate authority."""
    found: Sequence[JsonObject] = await services.authorities.list_all(by=call.by)
    return tagged(call.request, {"certificates": [*found]})


async def show(services: Services, call: Call) -> Response:
    """GET a certificate authority."""
    return _shown(await services.authorities.get(call.segment("name"), by=call.by))


async def write(services: Services, call: Call) -> Response:
    """PUT a certificate authority: without an etag bring it, with one change it."""
    name, body = call.segment("name"), await read_object(call.request)
    put = partial(services.authorities.put, name, body, by=call.by)
    return _shown(await guarded(call.request, put))


async def delete(services: Services, call: Call) -> Response:
    """DELETE a certificate authority; connections that it let in end."""
    gone = partial(services.authorities.delete, call.segment("name"), by=call.by)
    await guarded(call.request, gone)
    return empty_answer()


async def challenge(services: Services, call: Call) -> Response:
    """POST that there shall be a code, which a proof of possession must name."""
    asked = partial(services.authorities.challenge, call.segment("name"), by=call.by)
    return _shown(await guarded(call.request, asked))


async def verify(services: Services, call: Call) -> Response:
    """POST a certificate that the authority signed, whose common name is the code."""
    name, body = call.segment("name"), await read_object(call.request)
    proven = partial(services.authorities.verify, name, body.get("certificate"), by=call.by)
    return _shown(await guarded(call.request, proven))


def _shown(document: JsonObject) -> Response:
    headers = {"ETag": quoted(document["etag"]), "Cache-Control": "no-store"}
    return json_answer(document, headers=headers)
