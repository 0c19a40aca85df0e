"""adapters/system/ids.py."""

import base64
from uuid import UUID

from affinage.adapters.system.ids import FIRST_ETAG, LAST_ETAG, SystemIds
from affinage.ports.ids import Ids
from fakes.clock import FixedClock

IDS: Ids = SystemIds(FixedClock())


def test_uuids_are_random_ones_and_differ() -> None:
    one, other = IDS.uuid(), IDS.uuid()
    assert one != other
    assert UUID(one).version == 4


def test_a_key_has_the_bytes_that_were_asked_for() -> None:
    assert len(base64.b64decode(IDS.key())) == 32
    assert len(base64.b64decode(IDS.key(64))) == 64
    assert IDS.key() != IDS.key()


def test_a_generation_is_the_ticks_since_the_year_one() -> None:
    assert SystemIds(FixedClock()).generation() == "638712864000000000"


def test_generations_increase_while_the_clock_stands_and_when_it_moves() -> None:
    clock = FixedClock()
    ids = SystemIds(clock)
    given = [ids.generation(), ids.generation()]
    clock.advance(1)
    given.append(ids.generation())
    assert given == sorted(set(given))
    assert {len(each) for each in given} == {18}


def test_etags_begin_with_nine_or_ten_digits() -> None:
    starts = {IDS.etag_start() for _ in range(100)}
    assert len(starts) > 1
    assert all(FIRST_ETAG <= start <= LAST_ETAG for start in starts)
    assert (len(str(FIRST_ETAG)), len(str(LAST_ETAG))) == (9, 10)
