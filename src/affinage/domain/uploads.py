"""Uploads of files: what one is, what its blob may be called, and what back ends are told of it.

Source: docs/spec/uploads.md.
"""

import re
from typing import Final

from msgspec import Struct

from affinage.domain.errors import Invalid
from affinage.domain.moments import Millis, iso
from affinage.domain.values import JsonObject

MAX_NAME: Final = 896
"""Bytes in the name that a device gives a blob: with its own id it fits what storage has."""

MAX_PARTS: Final = 32
MAX_PART: Final = 200
"""Bytes between two slashes: a file system has 255 for a name."""

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f\\]")


class Upload(Struct, frozen=True, array_like=True, gc=False):
    """A device may send one blob."""

    id: str
    """The correlation id."""
    device: str
    generation: str
    """Of the device: made again under its old name it is another one."""
    blob: str
    digest: bytes
    """SHA-256 of the signature that its URL holds."""
    expires_at: Millis
    uri: str
    """Where the blob is, without the signature."""


class Notice(Struct, frozen=True, array_like=True, gc=False):
    """What back ends are told of a file that is there."""

    device: str
    blob: str
    uri: str
    size: int
    updated_at: Millis
    at: Millis

    def document(self) -> JsonObject:
        """As the clients of the field read it. Source: UPLOAD-22."""
        return {
            "deviceId": self.device,
            "blobUri": self.uri,
            "blobName": self.blob,
            "lastUpdatedTime": iso(self.updated_at),
            "blobSizeInBytes": self.size,
            "enqueuedTimeUtc": iso(self.at),
        }


def blob_of(device: str, name: str) -> str:
    """What a blob is called that a device calls ``name``; Invalid. Source: UPLOAD-3."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise Invalid("the name of a blob must be Unicode that UTF-8 can say") from None
    if not 1 <= size <= MAX_NAME:
        raise Invalid(f"the name of a blob has {size} bytes: it must have 1 to {MAX_NAME}")
    parts = name.split("/")
    if len(parts) > MAX_PARTS:
        raise Invalid(f"the name of a blob has {len(parts)} of {MAX_PARTS} parts")
    for part in parts:
        if part in ("", ".", "..") or _UNFIT.search(part):
            raise Invalid(f"{part[:40]!r} cannot be a part of the name of a blob")
        if len(part.encode()) > MAX_PART:
            raise Invalid(f"{part[:40]!r}… has {len(part.encode())} of {MAX_PART} bytes")
    return f"{device}/{name}"
