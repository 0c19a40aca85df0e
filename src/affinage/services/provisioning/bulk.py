"""Bulk requests for enrollments: what is asked of each entry, and which were refused.

Source: docs/spec/provisioning.md, PROV-22.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from affinage.domain.errors import AffinageError, Invalid, Missing
from affinage.domain.etags import ANY
from affinage.domain.members import member_text
from affinage.domain.values import JsonObject

MAX_BULK: Final = 10
"""Enrollments in one bulk request."""


class Mode(StrEnum):
    """Of a bulk request; the values are the wire's."""

    CREATE = "create"
    UPDATE = "update"
    UPDATE_IF_MATCH = "updateIfMatchETag"
    DELETE = "delete"


class Refused(NamedTuple):
    """An enrollment that was refused, and why."""

    name: str
    error: AffinageError


def bulk_mode(text: str) -> Mode:
    """The mode of that name, in any case; Invalid."""
    for mode in Mode:
        if mode.lower() == text.lower():
            return mode
    raise Invalid(f"mode {text[:40]!r} is none of {', '.join(Mode)}")


def etag_wanted(mode: Mode, entry: JsonObject) -> str | None:
    """The etag that an entry's enrollment must have; None creates it. Missing, Malformed."""
    if mode is Mode.CREATE:
        return None
    if mode is Mode.UPDATE:
        return ANY
    etag = (member_text(entry, "etag") or "").strip('"')
    if not etag:
        raise Missing("updateIfMatchETag needs the etag of each enrollment")
    return etag
