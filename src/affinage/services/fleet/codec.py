"""Devices and other rows as bytes, exactly as large as what they hold."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from affinage.domain.device import Device

_ENCODER = msgspec.msgpack.Encoder()
_DEVICE = msgspec.msgpack.Decoder(Device)
_BUFFER = bytearray()

Shape = TypeVar("Shape", bound=msgspec.Struct)


_NONE = msgspec.Raw(b"\xc0")
_EMPTY = msgspec.Raw(b"\x80")


class Head(msgspec.Struct, array_like=True):
    """The first member of a device's row: enough to list a million of them."""

    id: str


class Outline(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A device's row, decoded as far as a start needs; the members are those of `Device`."""

    id: str
    identity: msgspec.Raw
    twin: msgspec.Raw
    number: int = 0
    modules: msgspec.Raw = _EMPTY
    carried: msgspec.Raw = _EMPTY
    dirty: msgspec.Raw = _NONE
    drifted_at: msgspec.Raw = _NONE
    flips: msgspec.Raw = _EMPTY
    retired_at: msgspec.Raw = _NONE

    @property
    def is_plain(self) -> bool:
        """Whether it has no modules, nothing is due, and it is not retired."""
        marks = (self.dirty, self.drifted_at, self.retired_at)
        return self.modules == self.flips == _EMPTY and marks == (_NONE, _NONE, _NONE)

    @property
    def carries(self) -> Iterable[str]:
        """The ids of the configurations that it carries."""
        return () if self.carried == _EMPTY else _CARRIED.decode(self.carried)


_CARRIED = msgspec.msgpack.Decoder(dict[str, int])
_HEAD = msgspec.msgpack.Decoder(Head)
_OUTLINE = msgspec.msgpack.Decoder(Outline)


def encode(value: object) -> bytes:
    """The row of a struct. A copy of the encoder's buffer: its own output keeps spare room."""
    _ENCODER.encode_into(value, _BUFFER)
    return bytes(_BUFFER)


def device(body: bytes) -> Device:
    return _DEVICE.decode(body)


def outline(body: bytes) -> Outline:
    return _OUTLINE.decode(body)


def device_id(body: bytes) -> str:
    return _HEAD.decode(body).id


def decode(body: bytes, shape: type[Shape]) -> Shape:
    return msgspec.msgpack.decode(body, type=shape)
