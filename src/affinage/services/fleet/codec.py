"""Devices and other rows as bytes, exactly as large as what they hold."""

from typing import TypeVar

import msgspec

from affinage.domain.device import Device

_ENCODER = msgspec.msgpack.Encoder()
_DEVICE = msgspec.msgpack.Decoder(Device)
_BUFFER = bytearray()

Shape = TypeVar("Shape", bound=msgspec.Struct)


class Head(msgspec.Struct, array_like=True):
    """The first member of a device's row: enough to list a million of them."""

    id: str


_HEAD = msgspec.msgpack.Decoder(Head)


def encode(value: object) -> bytes:
    """The row of a struct. A copy of the encoder's buffer: its own output keeps spare room."""
    _ENCODER.encode_into(value, _BUFFER)
    return bytes(_BUFFER)


def device(body: bytes) -> Device:
    return _DEVICE.decode(body)


def device_id(body: bytes) -> str:
    return _HEAD.decode(body).id


def decode(body: bytes, shape: type[Shape]) -> Shape:
    return msgspec.msgpack.decode(body, type=shape)
