"""Laws of chains: no bytes break them, and nobody is vouched for but by an unbroken one."""

from collections.abc import Sequence
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from affinage.protocol.certificates import parse, read
from affinage.protocol.chains import verify
from affinage.protocol.errors import ProtocolError
from fakes.clock import START
from fakes.pki import LIFE, Made, authority, leaf

ROOT: Final = authority("Root")
PLANT: Final = authority("Plant", ROOT)
DEVICE: Final = leaf("d", PLANT)
WHOLE: Final = [DEVICE.der, PLANT.der, ROOT.der]

STRANGERS: Final = [
    leaf("d", authority("Plant")),
    authority("Plant"),
    authority("Plant", authority("Root")),
    authority("Root"),
    authority("Plant", ROOT, end=START - LIFE / 2),
]


def is_vouched_for(shown: Sequence[bytes], *believed: Made) -> bool:
    try:
        verify(shown, [one.certificate for one in believed], START)
    except ProtocolError:
        return False
    return True


@given(st.binary(max_size=400))
def test_any_bytes_are_a_certificate_or_a_protocol_error(der: bytes) -> None:
    assert not is_vouched_for([der], ROOT)
    assert not is_vouched_for([DEVICE.der, der], ROOT)


@given(st.data())
def test_of_a_chain_with_a_flipped_bit_nobody_is_vouched_for(data: st.DataObject) -> None:
    """Of the leaf and the one between: the root is the hub's own, however it is shown. Of each
    what is signed and the signature: how many bits of that count is written beside it."""
    number = data.draw(st.sampled_from([0, 1]))
    broken = bytearray(WHOLE[number])
    beside = len(broken) - len(read(WHOLE[number]).parsed.signature) - 1
    at = data.draw(st.integers(0, len(broken) * 8 - 1).filter(lambda at: at // 8 != beside))
    broken[at // 8] ^= 1 << at % 8
    shown = [*WHOLE]
    shown[number] = bytes(broken)
    assert not is_vouched_for(shown, ROOT)


@given(st.data())
def test_a_certificate_with_any_bytes_changed_is_read_or_a_protocol_error(
    data: st.DataObject,
) -> None:
    broken = bytearray(data.draw(st.sampled_from(WHOLE)))
    for at, new in data.draw(
        st.dictionaries(st.integers(0, len(broken) - 1), st.integers(0, 255), max_size=8)
    ).items():
        broken[at] = new
    try:
        found = read(bytes(broken))
    except ProtocolError:
        return
    assert found.document["version"] in (1, 3)
    assert parse(found.pem) == [found]


@given(st.permutations(WHOLE[1:]), st.lists(st.sampled_from(STRANGERS), max_size=6))
def test_others_certificates_and_their_order_change_nothing(
    above: list[bytes], strangers: list[Made]
) -> None:
    """CERT-5, CERT-6"""
    more = [one.der for one in strangers]
    assert is_vouched_for([DEVICE.der, *more, *above], ROOT)
    assert not is_vouched_for([DEVICE.der, *more, ROOT.der], ROOT)


@given(st.lists(st.sampled_from(STRANGERS), min_size=1, max_size=9))
def test_strangers_do_not_vouch_for_each_other_in_ones_name(shown: list[Made]) -> None:
    assert not is_vouched_for([one.der for one in shown], ROOT, PLANT)
