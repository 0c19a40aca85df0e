"""Wrapping a key for one chip; a real chip unwraps one in tests/conformance/test_tpm.py."""

import base64
import struct

import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.tpm import MAX_KEY, PublicArea, Secrets, wrapped
from fakes.chip import Chip, sized

CHIP = Chip()
SECRETS = Secrets(b"c" * 32, b"d" * 32, b"i" * 16, b"o" * 32)
KEY = b"the key of a device, 32 bytes of"


def areas(chip: Chip = CHIP) -> tuple[PublicArea, PublicArea]:
    return PublicArea.parse(chip.endorsement_key), PublicArea.parse(chip.storage_root_key)


@pytest.mark.parametrize("size", [1, 32, MAX_KEY])
def test_the_chip_takes_up_the_key_that_was_wrapped(size: int) -> None:
    """REGISTER-36."""
    key = bytes(range(size))
    assert CHIP.taken_up(wrapped(*areas(), key, SECRETS)) == key


def test_what_was_wrapped_once_is_wrapped_for_one_chip() -> None:
    """REGISTER-36."""
    blob = wrapped(*areas(), KEY, SECRETS)
    assert KEY not in blob
    with pytest.raises((ValueError, AssertionError)):
        Chip().taken_up(blob)


def test_neither_of_a_chips_keys_alone_takes_it_up() -> None:
    other = Chip()
    endorsement, storage = areas()
    for wrong in ((endorsement, areas(other)[1]), (areas(other)[0], storage)):
        with pytest.raises((ValueError, AssertionError)):
            CHIP.taken_up(wrapped(*wrong, KEY, SECRETS))


def test_a_key_has_its_size() -> None:
    for key in (b"", b"k" * (MAX_KEY + 1)):
        with pytest.raises(ProtocolError, match=f"of {len(key)} bytes"):
            wrapped(*areas(), key, SECRETS)


def area(**changed: int) -> str:
    """A TPM2B_PUBLIC that is right, but for what is changed."""
    given = {"kind": 1, "digest": 0xB, "cipher": 6, "size": 128, "mode": 0x43, "scheme": 0x10}
    has = given | {"bits": 2048, "exponent": 0, "bytes": 256} | changed
    head = struct.pack(">HHI", has["kind"], has["digest"], 0) + sized(b"")
    parms = (has["cipher"], has["size"], has["mode"], has["scheme"], has["bits"], has["exponent"])
    modulus = b"\xff" * has["bytes"]
    made = head + struct.pack(">HHHHHI", *parms) + sized(modulus)
    return base64.b64encode(sized(made)).decode()


def test_a_key_of_a_chip_is_read() -> None:
    assert PublicArea.parse(area()).key.key_size == 2048
    assert PublicArea.parse(area(exponent=65_537)).name[:2] == b"\0\x0b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64",
        "AAA=",
        base64.b64encode(sized(b"\0\1") + b"more").decode(),
        base64.b64encode(b"\0\xff\0\1").decode(),
        area(kind=0x23),
        area(digest=4),
        area(cipher=0x10),
        area(size=256),
        area(mode=0x44),
        area(scheme=0x14),
        area(bits=1024, bytes=128),
        area(bytes=255),
        area(exponent=3),
    ],
)
def test_what_is_no_key_of_a_chip_is_refused(text: str) -> None:
    """REGISTER-37."""
    with pytest.raises(ProtocolError):
        PublicArea.parse(text)
