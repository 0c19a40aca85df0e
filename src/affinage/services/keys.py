"""New keys for many identities in one request: each for itself, all in one unit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from affinage.domain.audit import Deed
from affinage.domain.device import Device
from affinage.domain.errors import AffinageError, DefinedTwice, TooManyEntries
from affinage.domain.identity import Credentials, Which, rotated
from affinage.domain.names import TwinKey
from affinage.domain.principal import Principal, Right
from affinage.domain.registration import Makings, with_credentials
from affinage.ports.vault import Vault
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation

MAX_ROTATED: Final = 100
"""Identities in one request."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """The keys that an identity was given, in the clear; None is one that it had and keeps."""

    key: TwinKey
    primary: str | None
    secondary: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An identity that keeps its keys, and why."""

    key: TwinKey
    error: AffinageError


Outcome = tuple[list[Rotated], list[Kept]]
"""Those that have new keys, and those that have not; each in the order of the request."""


class Keys:
    """Makes new keys for identities that have some."""

    def __init__(
        self, fleet: Fleet, vault: Vault, made_of: Makings, limits: Limits = UNLIMITED
    ) -> None:
        self._fleet, self._vault, self._limits = fleet, vault, limits
        self._source = made_of.keys

    async def rotate(self, which: Which, keys: Sequence[TwinKey], *, by: Principal) -> Outcome:
        """Make new keys for up to MAX_ROTATED identities; what was proven with an old key ends.

        Raises:
            TooManyEntries, DefinedTwice: nobody has new keys.
            Unavailable: the commit failed; nobody has new keys.

        Source: IDENTITY-28 to IDENTITY-30.
        """
        by.require(Right.REGISTRY_WRITE)
        if len(keys) > MAX_ROTATED:
            raise TooManyEntries(f"new keys for {len(keys)} of {MAX_ROTATED} identities")
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise DefinedTwice(f"{twice.path} is in the request twice")
        self._limits.take(Operation.REGISTRY, by, len(keys))
        return await self._fleet.change(lambda view: self._rotated(view, which, keys, by))

    def _rotated(
        self, view: View, which: Which, keys: Sequence[TwinKey], by: Principal
    ) -> Change[Outcome]:
        devices: dict[str, Device] = {}
        done: list[Rotated] = []
        kept: list[Kept] = []
        for key in keys:
            try:
                device = devices.get(key.device) or view.device(key.device)
                devices[key.device] = self._with_new(device, key, which)
                done.append(self._shown(key, devices[key.device], which))
            except AffinageError as error:
                kept.append(Kept(key, error))
        deeds = tuple(Deed(by, "device.write", one.key.path) for one in done)
        return Change(lambda _: (done, kept), devices=devices, deeds=deeds)

    def _with_new(self, device: Device, key: TwinKey, which: Which) -> Device:
        def change(of: Credentials) -> Credentials:
            return rotated(of, which, self._source)

        return with_credentials(device, key.module, change)

    def _shown(self, key: TwinKey, device: Device, which: Which) -> Rotated:
        of = device.identity if key.module is None else device.module(key.module).identity
        primary, secondary = (
            self._vault.open(sealed).decode()
            for sealed in (of.credentials.primary_key, of.credentials.secondary_key)
            if sealed is not None
        )
        return Rotated(
            key,
            None if which is Which.SECONDARY else primary,
            None if which is Which.PRIMARY else secondary,
        )
