"""The keys of enrollment groups in the clear, opened once: each device that comes needs them all.

They are in memory and nowhere else, as the vault's own key is, until their group has them no more.
Those of individual enrollments, of which there may be a million, are not kept.
"""

from collections.abc import Iterable, Iterator

from affinage.domain.provisioning.attestation import SymmetricKeys
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.ports.vault import Vault
from affinage.protocol.tokens import derived_key


class Keyring:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._opened: dict[bytes, str] = {}
        """By what was sealed, as it is in the group."""

    def derived(self, groups: Iterable[Enrollment], name: str) -> Iterator[tuple[str, Enrollment]]:
        """The keys of a device in each of all groups, made as they are asked for.

        Forgets what none of the groups has any more.

        Raises:
            Unavailable: the vault cannot open a key of theirs.

        Source: PROV-15, PROV-64.
        """
        all_keys = [*_sealed(groups)]
        self._opened = {one: self._opened[one] for _, one in all_keys if one in self._opened}
        for group, sealed in all_keys:
            yield derived_key(self._plain(sealed), name), group

    def _plain(self, sealed: bytes) -> str:
        if sealed not in self._opened:
            self._opened[sealed] = self._vault.open(sealed).decode()
        return self._opened[sealed]


def _sealed(groups: Iterable[Enrollment]) -> Iterator[tuple[Enrollment, bytes]]:
    for group in groups:
        if isinstance(keys := group.attestation, SymmetricKeys):
            yield from ((group, keys.primary), (group, keys.secondary))
