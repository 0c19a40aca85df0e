"""`PUT /uploads/{blob}`: a blob whole, a block of it, or the list that makes it of blocks.

Source: UPLOAD-11 to UPLOAD-13.
"""

import base64
import binascii
import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.errors import Invalid, Malformed, Missing
from affinage.frontends.http.bodies import read_bytes
from affinage.frontends.http.calls import Call
from affinage.ports.uploads import Kept
from affinage.services.uploads import MAX_BLOCKS, Uploads

MAX_LIST: Final = 8 * 1024 * 1024
"""Bytes of a list of blocks: MAX_BLOCKS of them, and what surrounds each."""

MAX_BLOCK_ID: Final = 64
"""Bytes of the name of a block, before base64."""

_LISTED: Final = re.compile(rb"<(Latest|Committed|Uncommitted)>([^<>]{1,120})</\1>")
_LIST: Final = re.compile(rb"<BlockList\s*(?:/>|>)")
_ANY: Final = "*"


async def write(uploads: Uploads, call: Call) -> Response:
    """PUT a blob, a block, or a list of blocks."""
    request, by = call.request, call.by
    upload, part = request.query_params["si"], request.query_params.get("comp")
    only_new = request.headers.get("if-none-match", "").strip() == _ANY
    md5 = _md5(request.headers.get("content-md5"))
    match part:
        case None:
            _check_kind(request)
            chunks = _chunks(request)
            kept = await uploads.put(upload, chunks, only_new=only_new, md5=md5, by=by)
            return _created(kept)
        case "block":
            block = _block(request.query_params.get("blockid"))
            await uploads.stage(upload, block, _chunks(request), md5=md5, by=by)
            return Response(status_code=201)
        case "blocklist":
            blocks = _blocks(await read_bytes(request, MAX_LIST))
            return _created(await uploads.join(upload, blocks, only_new=only_new, by=by))
        case _:
            raise Invalid(f"comp={part[:20]!r}: a blob takes none, block and blocklist")


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. ClientDisconnect: it ended early."""
    async for chunk in request.stream():
        if chunk:
            yield chunk


def _check_kind(request: Request) -> None:
    kind = request.headers.get("x-ms-blob-type", "BlockBlob")
    if kind != "BlockBlob":
        raise Invalid(f"x-ms-blob-type {kind[:20]!r}: there are block blobs alone")


def _md5(text: str | None) -> bytes | None:
    if text is None:
        return None
    return _base64(text, "Content-MD5")


def _block(text: str | None) -> str:
    if not text:
        raise Missing("blockid is missing")
    if len(_base64(text, "blockid")) > MAX_BLOCK_ID:
        raise Invalid(f"blockid has more than {MAX_BLOCK_ID} bytes")
    return text


def _blocks(body: bytes) -> list[str]:
    """The names in a list: so much of XML as clients write, and in one pass."""
    if not _LIST.search(body):
        raise Malformed("the body must be a BlockList")
    found = [html.unescape(one[1].decode("latin-1")) for one in _LISTED.findall(body)]
    if len(found) > MAX_BLOCKS:
        raise Invalid(f"the list has {len(found)} of {MAX_BLOCKS} blocks")
    return found


def _base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{what} must be base64") from None


def _created(kept: Kept) -> Response:
    """201, with what tells this blob from the one before."""
    updated_at = datetime.fromtimestamp(kept.updated_at_s, UTC)
    tag = f'"0x{int(kept.updated_at_s * 1_000_000):X}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(updated_at, usegmt=True)}
    return Response(status_code=201, headers=headers)
