"""Etags: which version of a thing its writer has seen, and whether that is the one there is.

Twins spell theirs by other bytes: see `twin.etag_text`.
"""

import base64
from typing import Final

from affinage.domain.errors import EtagMismatch

ANY: Final = "*"
"""In the place of an etag: it must exist, whatever its etag."""


def etag_text(etag: int) -> str:
    """As the wire has it: base64 of its decimal digits."""
    return base64.b64encode(str(etag).encode()).decode()


def check_etag(what: str, etag: int, if_match: str | None) -> None:
    """Raise EtagMismatch unless ``if_match`` is the etag of ``what``, ANY or None."""
    if if_match not in (None, ANY, etag_text(etag)):
        raise EtagMismatch(f"ETag mismatch for {what}")
