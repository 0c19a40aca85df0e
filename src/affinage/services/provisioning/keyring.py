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

    def derived(self, groups: Iterable[Enrollment], name: str) -> dict[str, Enrollment]:
        """The keys of a device in each of all groups; of two with one key, it is the first's.

        Forgets what none of the groups has any more.

        Raises:
            Unavailable: the vault cannot open a key of theirs.

        Source: PROV-15, PROV-64.
        """
        known, self._opened = self._opened, {}
        found: dict[str, Enrollment] = {}
        for group, sealed in _sealed(groups):
            plain = known.get(sealed)
            self._opened[sealed] = plain = plain or self._vault.open(sealed).decode()
            found.setdefault(derived_key(plain, name), group)
        return found


def _sealed(groups: Iterable[Enrollment]) -> Iterator[tuple[Enrollment, bytes]]:
    for group in groups:
        if isinstance(keys := group.attestation, SymmetricKeys):
            yield from ((group, keys.primary), (group, keys.secondary))
