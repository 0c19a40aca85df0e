"""`PUT /uploads/{blob}`: a blob whole, a block of it, or the list that makes it of blocks.

Source: UPLOAD-11 to UPLOAD-13.
"""

import base64
import binascii
import hashlib
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
from affinage.services.sending.sending import MAX_BLOCKS, Body, check_md5
from affinage.services.uploads import Uploads

MAX_LIST: Final = 8 * 1024 * 1024
"""Bytes of a list of blocks: MAX_BLOCKS of them, and what surrounds each."""

MAX_BLOCK_ID: Final = 64
"""Bytes of the name of a block, before base64."""

_LIST: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml[^<>]*\?>)?\s*<BlockList(?:\s[^<>]*)?(?:/>|>(.*)</BlockList>)",
    re.DOTALL,
)
_LISTED: Final = re.compile(rb"<(Latest|Committed|Uncommitted)>\s*([^<>\s]{1,120})\s*</\1>")
_ANY: Final = "*"
_DIGITS: Final = 18
"""Of a length, at most: whoever says more says too much."""


async def write(uploads: Uploads, call: Call) -> Response:
    """PUT a blob, a block, or a list of blocks."""
    request, by = call.request, call.by
    upload, part = request.query_params["si"], request.query_params.get("comp")
    only_new = request.headers.get("if-none-match", "").strip() == _ANY
    match part:
        case None:
            _check_kind(request)
            return _created(await uploads.put(upload, _body(request), only_new=only_new, by=by))
        case "block":
            block = _block(request.query_params.get("blockid"))
            await uploads.stage(upload, block, _body(request), by=by)
            return Response(status_code=201)
        case "blocklist":
            blocks = _blocks(await _whole(request))
            return _created(await uploads.join(upload, blocks, only_new=only_new, by=by))
        case _:
            raise Invalid(f"comp={part[:20]!r}: a blob takes none, block and blocklist")


def _body(request: Request) -> Body:
    declared = request.headers.get("content-length", "")
    size = int(declared[:_DIGITS]) if declared.isdecimal() else 0
    return Body(_chunks(request), _md5(request), size)


async def _whole(request: Request) -> bytes:
    """A short body; Malformed if it is another than its MD5 is of."""
    md5, body = _md5(request), await read_bytes(request, MAX_LIST)
    check_md5(md5, hashlib.md5(body, usedforsecurity=False))
    return body


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. ClientDisconnect: it ended early."""
    async for chunk in request.stream():
        if chunk:
            yield chunk


def _check_kind(request: Request) -> None:
    kind = request.headers.get("x-ms-blob-type", "BlockBlob")
    if kind != "BlockBlob":
        raise Invalid(f"x-ms-blob-type {kind[:20]!r}: there are block blobs alone")


def _md5(request: Request) -> bytes | None:
    text = request.headers.get("content-md5")
    return None if text is None else _base64(text, "Content-MD5")


def _block(text: str | None) -> str:
    if not text:
        raise Missing("blockid is missing")
    if len(_base64(text, "blockid")) > MAX_BLOCK_ID:
        raise Invalid(f"blockid has more than {MAX_BLOCK_ID} bytes")
    return text


def _blocks(body: bytes) -> list[str]:
    """The names in a list: so much of XML as clients write, and in one pass.

    Malformed if there is anything else in it: a block left out would be missing in the blob.
    """
    whole = _LIST.fullmatch(body.strip())
    if whole is None or _LISTED.sub(b"", listed := whole[1] or b"").strip():
        raise Malformed("the body must be a BlockList of the names of blocks")
    found = [html.unescape(one[1].decode("latin-1")) for one in _LISTED.findall(listed)]
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
