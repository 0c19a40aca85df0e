"""Keys of groups: opened once, and forgotten with their group."""

from collections import Counter

from msgspec.structs import replace

from affinage.domain.provisioning.attestation import SymmetricKeys
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.protocol.tokens import derived_key
from affinage.services.provisioning.keyring import Keyring
from fakes.looped import looped
from fakes.provisioned import KEY, OTHER_KEY, provisioned
from fakes.vault import OpenVault


class Counting(OpenVault):
    """Counts how often it opens what."""

    def __init__(self) -> None:
        self.opened = Counter[bytes]()

    def open(self, sealed: bytes) -> bytes:
        self.opened[sealed] += 1
        return super().open(sealed)


async def made(*names: str) -> list[Enrollment]:
    """Groups by KEY and OTHER_KEY, and one by a reference to an authority."""
    async with provisioned() as given:
        references = {"primary": "root"}
        x509 = {"type": "x509", "x509": {"caReferences": references}}
        await given.group("by-certificate", attestation=x509)
        for name in names:
            await given.group(name)
        return given.services.book.groups()


@looped
async def test_a_device_has_a_key_of_each_and_two_groups_with_one_share_it() -> None:
    """PROV-15"""
    found = [*Keyring(OpenVault()).derived(await made("barn", "cave"), "dev1")]
    keys = [derived_key(KEY, "dev1"), derived_key(OTHER_KEY, "dev1")]
    assert [key for key, _ in found] == keys * 2
    assert [group.key for _, group in found] == ["group/barn"] * 2 + ["group/cave"] * 2


@looped
async def test_a_key_is_opened_once_however_many_devices_come() -> None:
    """PROV-64"""
    vault, groups = Counting(), await made("barn")
    keyring = Keyring(vault)
    for name in ("dev1", "dev2", "dev1"):
        assert len([*keyring.derived(groups, name)]) == 2
    assert [*vault.opened.values()] == [1, 1]


@looped
async def test_no_key_is_opened_that_nobody_asks_for() -> None:
    """PROV-15, PROV-64"""
    vault, groups = Counting(), await made("barn")
    keyring = Keyring(vault)
    assert next(keyring.derived(groups, "dev1"))[0] == derived_key(KEY, "dev1")
    assert [*vault.opened] == [sealed(KEY)]


@looped
async def test_a_key_that_is_changed_is_opened_anew_and_the_old_one_forgotten() -> None:
    """PROV-64"""
    vault, groups = Counting(), await made("barn")
    keyring = Keyring(vault)
    assert len([*keyring.derived(groups, "dev1")]) == 2
    changed = [_with_key(group, OTHER_KEY) for group in groups]
    assert {key for key, _ in keyring.derived(changed, "dev1")} == {derived_key(OTHER_KEY, "dev1")}
    assert len([*keyring.derived(groups, "dev1")]) == 2
    assert vault.opened == {sealed(KEY): 2, sealed(OTHER_KEY): 1}


def sealed(key: str) -> bytes:
    return b"sealed " + key.encode()


def _with_key(group: Enrollment, key: str) -> Enrollment:
    if not isinstance(group.attestation, SymmetricKeys):
        return group
    return replace(group, attestation=SymmetricKeys(sealed(key), sealed(key)))
