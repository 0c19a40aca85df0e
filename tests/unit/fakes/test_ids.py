"""fakes/ids.py."""

from affinage.ports.ids import Ids
from fakes.ids import CountingIds


def test_counted_ids_are_known_beforehand_and_differ() -> None:
    ids: Ids = CountingIds()
    assert [ids.uuid()[-2:], ids.uuid()[-2:]] == ["01", "02"]
    assert [ids.generation(), ids.generation()] == ["000000000000000001", "000000000000000002"]
    assert ids.etag_start() + 1 == ids.etag_start()
    assert ids.key(3) == "AQEB"
    assert ids.key() != ids.key()
