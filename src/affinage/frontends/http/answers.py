"""What the HTTP doors answer: JSON, or nothing."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

JSON: Final = "application/json; charset=utf-8"
"""Some clients read a body only if its type says so."""

_ENCODER: Final = msgspec.json.Encoder()


def json_answer(
    content: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with a body; SERVICE-7."""
    return Response(_ENCODER.encode(content), status, headers, media_type=JSON)


def empty_answer() -> Response:
    """204: done, and there is nothing to say; neither a body nor a type of one."""
    return Response(status_code=204)
