"""Shared-access policies: which there are, and what becomes of them; who proves what is `access`.

Nobody gives, takes or sees more than he has: a policy is changed, deleted and has its keys shown by
who holds all of its rights. Keys are sealed as soon as they are made.

Source: docs/spec/policies.md.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from affinage.domain import policy as policies
from affinage.domain.audit import Deed, digest
from affinage.domain.errors import (
    Forbidden,
    Invalid,
    PolicyExists,
    PolicyNotFound,
    TooManyPolicies,
)
from affinage.domain.etags import check_etag
from affinage.domain.identity import KeySource
from affinage.domain.policy import (
    ALL_RIGHTS,
    HUB_RIGHTS,
    MAX_POLICIES,
    OWNER,
    PROVISIONING_RIGHTS,
    Policy,
)
from affinage.domain.principal import Principal, Right, Voucher
from affinage.domain.values import JsonObject, JsonValue
from affinage.ports.ids import Ids
from affinage.ports.store import Row, Table
from affinage.ports.vault import Vault
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.records import Records

_READ: Final = Right.REGISTRY_READ
_WRITE: Final = Right.REGISTRY_READ | Right.REGISTRY_WRITE

PROVISIONING: Final = "provisioningserviceowner"
"""The policy that clients of provisioning are given."""

BUILT_IN: Final = {
    OWNER: ALL_RIGHTS,
    "service": Right.SERVICE_CONNECT,
    "device": Right.DEVICE_CONNECT,
    "registryRead": _READ,
    "registryReadWrite": _WRITE,
    PROVISIONING: PROVISIONING_RIGHTS,
}
"""The policies of a new hub and what each may do. ACCESS-1."""

Known = Mapping[str, Policy]
Write = Callable[[Known], Policy]
"""What becomes of a policy, of all that there are."""


class Policies:
    def __init__(self, fleet: Fleet, vault: Vault, ids: Ids, limits: Limits = UNLIMITED) -> None:
        self._fleet, self._vault, self._ids, self._limits = fleet, vault, ids, limits
        self._keys = KeySource(ids.key, lambda key: vault.seal(key.encode()))
        self._known = Records(fleet, Policy, Table.POLICIES)

    async def open(self) -> None:
        """Read the policies; a hub that has none is given the built-in ones."""
        self._known.open()
        if not self._known:
            await self._fleet.save(*(self._row(self._new(*pair)) for pair in BUILT_IN.items()))
        elif OWNER in self._known and Right(self._known[OWNER].rights) == HUB_RIGHTS:
            await self._fleet.save(*map(self._row, self._of_provisioning(self._known[OWNER])))

    def _of_provisioning(self, owner: Policy) -> list[Policy]:
        """What a store from before provisioning is given, once. Source: POLICY-10."""
        written = [replace(owner, rights=ALL_RIGHTS.value, etag=owner.etag + 1)]
        if PROVISIONING not in self._known:
            written.append(self._new(PROVISIONING, PROVISIONING_RIGHTS))
        return written

    def check(self) -> None:
        """Raise unless the hub can be managed.

        Raises:
            Invalid: OWNER is not there, or lacks a right.
            Unavailable: the vault's key is not the one that sealed the policies' keys.

        Source: POLICY-6.
        """
        owner = self._known.get(OWNER)
        if owner is None or Right(owner.rights) != ALL_RIGHTS:
            raise Invalid(f"the store has no policy {OWNER} with all rights: restore a backup")
        self.opened(owner)

    def find(self, name: str) -> Policy:
        """A policy, as committed; PolicyNotFound."""
        return _found(self._known, name)

    def opened(self, policy: Policy) -> tuple[str, str]:
        """Its keys in the clear, the primary first; Unavailable if the vault cannot open them."""
        primary, secondary = (self._vault.open(sealed).decode() for sealed in policy.keys)
        return primary, secondary

    def honours(self, voucher: Voucher | None) -> bool:
        """Whether who was let in by that would be let in now; None is vouched for by no policy."""
        if voucher is None:
            return True
        policy = self._known.get(voucher.policy)
        return policy is not None and policy.honours(voucher)

    async def list_all(self, *, by: Principal) -> list[JsonObject]:
        """Every policy without its keys, by name."""
        by.require(Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        return [policies.document(self._known[name]) for name in sorted(self._known)]

    async def get(self, name: str, *, with_keys: bool = False, by: Principal) -> JsonObject:
        """A policy; its keys only to who asks for them, and may.

        Raises:
            PolicyNotFound.
            Forbidden: of keys, also to who may not write the registry, or lacks one of its rights.

        Source: POLICY-4, POLICY-5.
        """
        by.require(Right.REGISTRY_WRITE if with_keys else Right.REGISTRY_READ)
        self._limits.take(Operation.REGISTRY, by)
        return self._document(self.find(name), by, with_keys=with_keys)

    async def put(
        self,
        name: str,
        body: JsonObject,
        *,
        if_match: str | None,
        with_keys: bool = False,
        by: Principal,
    ) -> JsonObject:
        """Create a policy, or with an etag (ANY for whatever it has) change one.

        Raises:
            PolicyExists: it exists, and no etag was given.
            PolicyNotFound, EtagMismatch, TooManyPolicies, Invalid and its kin: see the message.
            Forbidden: it has, or would have, a right that ``by`` lacks.
            Unavailable: the commit failed. In every case nothing has changed.

        Source: POLICY-1 to POLICY-3, POLICY-5, POLICY-6.
        """

        def write(known: Known) -> Policy:
            if if_match is None:
                return self._created(known, name, body)
            current = _to_change(known, name, if_match, by)
            return policies.changed(current, body, self._keys)

        return await self._write(write, by, with_keys=with_keys)

    async def rotate(
        self,
        name: str,
        key: JsonValue,
        *,
        if_match: str | None,
        with_keys: bool = False,
        by: Principal,
    ) -> JsonObject:
        """Make one key of a policy anew, or swap the two; connections by a gone key end.

        Args:
            key: which one, as the request has it: one of `Which`.

        Raises:
            Malformed: it is none of them.
            PolicyNotFound, EtagMismatch, Forbidden, Unavailable: as `put`.

        Source: POLICY-5, POLICY-7, POLICY-9.
        """

        def write(known: Known) -> Policy:
            current = _to_change(known, name, if_match, by)
            return policies.regenerated(current, which, self._keys)

        by.require(Right.REGISTRY_WRITE)
        which = policies.which_key(key)
        return await self._write(write, by, with_keys=with_keys)

    async def delete(self, name: str, *, if_match: str | None, by: Principal) -> None:
        """Delete a policy; connections that it vouches for end.

        Raises:
            Invalid: it is OWNER.
            PolicyNotFound, EtagMismatch, Forbidden, Unavailable: as `put`.

        Source: POLICY-5, POLICY-6, POLICY-9.
        """
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)

        def decide(view: View) -> Change[None]:
            current = _to_change(self._known.seen(view), name, if_match, by)
            policies.check_deletable(current)
            row, deeds = self._known.row(name, None), (_deed(by, name, current, None),)
            return Change(lambda _: None, rows=(row,), deeds=deeds)

        await self._fleet.change(decide)

    async def _write(self, write: Write, by: Principal, *, with_keys: bool) -> JsonObject:
        by.require(Right.REGISTRY_WRITE)
        self._limits.take(Operation.REGISTRY, by)

        def decide(view: View) -> Change[Policy]:
            known = self._known.seen(view)
            written = write(known)
            _check_rights(written, by)
            deeds = (_deed(by, written.name, known.get(written.name), written),)
            return Change(lambda _: written, rows=(self._row(written),), deeds=deeds)

        return self._document(await self._fleet.change(decide), by, with_keys=with_keys)

    def _created(self, known: Known, name: str, body: JsonObject) -> Policy:
        if name in known:
            raise PolicyExists(f"policy {name} exists")
        if len(known) >= MAX_POLICIES:
            raise TooManyPolicies(f"the hub has {len(known)} of {MAX_POLICIES} policies")
        return policies.created(name, body, self._keys, etag=self._ids.etag_start())

    def _new(self, name: str, rights: Right) -> Policy:
        primary, secondary = (self._keys.seal(self._keys.fresh()) for _ in range(2))
        return Policy(name, rights.value, primary, secondary, self._ids.etag_start())

    def _document(self, policy: Policy, by: Principal, *, with_keys: bool) -> JsonObject:
        shown = policies.document(policy)
        if with_keys:
            _check_rights(policy, by)
            shown["primaryKey"], shown["secondaryKey"] = self.opened(policy)
        return shown

    def _row(self, policy: Policy) -> Row:
        return self._known.row(policy.name, policy)


def _deed(by: Principal, name: str, old: Policy | None, new: Policy | None) -> Deed:
    before, after = (digest(policies.document(one) if one else None) for one in (old, new))
    return Deed(by, "policy.write", name, before, after)


def _found(known: Known, name: str) -> Policy:
    try:
        return known[name]
    except KeyError:
        there = ", ".join(sorted(known))
        raise PolicyNotFound(f"no policy {name[:80]}: there are {there}") from None


def _to_change(known: Known, name: str, if_match: str | None, by: Principal) -> Policy:
    current = _found(known, name)
    _check_rights(current, by)
    check_etag(f"policy '{name}'", current.etag, if_match)
    return current


def _check_rights(policy: Policy, by: Principal) -> None:
    """Raise Forbidden if the policy has a right that ``by`` lacks. Source: POLICY-5."""
    if lacking := policy.granted & ~by.granted:
        names = " and ".join(member.name or "" for member in lacking)
        raise Forbidden(f"{by.kind} {by.name} lacks {names}, which policy {policy.name} grants")
