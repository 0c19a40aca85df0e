"""adapters/files/vault.py."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affinage.adapters.files.vault import FileVault
from affinage.domain.errors import Unavailable
from affinage.ports.vault import Vault


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return FileVault(tmp_path_factory.mktemp("data") / "vault.key")


@given(st.binary(max_size=200))
def test_what_was_sealed_opens(vault: Vault, plain: bytes) -> None:
    assert vault.open(vault.seal(plain)) == plain


def test_sealing_twice_gives_different_bytes_that_do_not_show_the_secret(vault: Vault) -> None:
    one, other = vault.seal(b"secret"), vault.seal(b"secret")
    assert one != other
    assert b"secret" not in one


@given(st.data())
def test_any_flipped_bit_is_refused(vault: Vault, data: st.DataObject) -> None:
    sealed = bytearray(vault.seal(b"secret"))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unavailable):
        vault.open(bytes(sealed))


@given(st.integers(0, 34))
def test_a_cut_secret_is_refused(vault: Vault, length: int) -> None:
    with pytest.raises(Unavailable):
        vault.open(vault.seal(b"secret")[:length])


def test_another_key_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="another key"):
        FileVault(tmp_path / "vault.key").open(vault.seal(b"secret"))


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    sealed = FileVault(path).seal(b"secret")
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (32, 0o600)
    assert FileVault(path).open(sealed) == b"secret"


def test_a_key_file_that_holds_no_key_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    path.write_bytes(b"cut")
    with pytest.raises(Unavailable, match=r"vault.key holds 3 of 32 bytes"):
        FileVault(path)
    assert path.read_bytes() == b"cut"


def test_no_key_is_made_for_a_store_whose_own_is_gone(tmp_path: Path) -> None:
    (tmp_path / "hub.db").touch()
    with pytest.raises(Unavailable, match=r"vault.key is gone: bring back"):
        FileVault(tmp_path / "vault.key")
    assert not (tmp_path / "vault.key").exists()
