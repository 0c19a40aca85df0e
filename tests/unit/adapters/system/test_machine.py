"""adapters/system/machine.py."""

from pathlib import Path

import pytest

from affinage.adapters.files.certificates import Certificates
from affinage.adapters.system.machine import LocalMachine
from affinage.domain.errors import Invalid
from fakes.clock import START


def test_there_is_some_of_everything(tmp_path: Path) -> None:
    machine = LocalMachine(tmp_path, [])
    for room in (machine.disk(), machine.descriptors()):
        assert 0 < room.free < room.total


def test_what_is_open_is_not_free(tmp_path: Path) -> None:
    machine = LocalMachine(tmp_path, [])
    before = machine.descriptors()
    with (tmp_path / "file").open("w"):
        assert machine.descriptors().free == before.free - 1


def test_certificates_that_are_there_are_told(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    made.ensure(["hub.test"], START)
    machine = LocalMachine(tmp_path, [made.authority, tmp_path / "none.pem", made.server])
    found = machine.certificates()
    assert [one.name for one in found] == [str(made.authority), str(made.server)]
    assert found[0].ends_at > found[1].ends_at > START


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("torn")
    with pytest.raises(Invalid, match=r"a\.pem holds no certificate"):
        LocalMachine(tmp_path, [tmp_path / "a.pem"]).certificates()
