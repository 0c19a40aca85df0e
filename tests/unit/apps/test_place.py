"""apps/place.py: where a hub is, for the commands on its machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from affinage.apps.place import Place, authority
from affinage.domain.errors import Unavailable

PLACE = Place("hub.test", "127.0.0.1", 8443, 8883)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    PLACE.write(tmp_path)
    assert Place.read(tmp_path) == PLACE


def test_a_folder_that_no_hub_has_served_from_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="affinage serve --data") as refused:
        Place.read(tmp_path)
    assert str(tmp_path) in str(refused.value)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hostname": "h"}', '{"port": 1}', "\udcff"])
def test_a_file_that_was_tampered_with_is_told_likewise(tmp_path: Path, text: str) -> None:
    PLACE.write(tmp_path)
    file = tmp_path / "place.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(Unavailable, match=r"place\.json"):
        Place.read(tmp_path)


def test_clients_trust_the_authority_in_the_folder(tmp_path: Path) -> None:
    assert authority(tmp_path) == tmp_path / "tls" / "ca.pem"


def test_where_it_was_given_a_certificate_that_is_believed(tmp_path: Path) -> None:
    assert PLACE.believed(tmp_path) == authority(tmp_path)
    given = replace(PLACE, certificate="/etc/hub.pem")
    given.write(tmp_path)
    assert Place.read(tmp_path).believed(tmp_path) == Path("/etc/hub.pem")
