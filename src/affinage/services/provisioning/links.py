"""The hubs that devices are given to: which there are, and what becomes of the list.

The hub itself is always among them. A connection string is sealed as soon as it is read, and shown
to nobody; what it opens is asked for no earlier than a device is given to that hub.

Source: docs/spec/linked-hubs.md, LINK-1 to LINK-6.
"""

from collections.abc import Mapping
from typing import Final

from affinage.domain.audit import Deed, digest
from affinage.domain.errors import HubLinked, HubNotFound, Invalid, InvalidOperation, TooManyHubs
from affinage.domain.etags import check_etag
from affinage.domain.principal import Principal, Right
from affinage.domain.provisioning import link as links
from affinage.domain.provisioning.link import MAX_LINKS, Credentials, Link, Reading
from affinage.domain.values import JsonObject
from affinage.ports.hubs import Dial, LinkedHub, Reach, RemoteHub
from affinage.ports.ids import Ids
from affinage.ports.store import Table
from affinage.ports.vault import Vault
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.services.fleet.fleet import Fleet
from affinage.services.fleet.unit import Change, View
from affinage.services.limits import UNLIMITED, Limits, Operation
from affinage.services.records import Records

_PREFIX: Final = "hub/"


class Links:
    """Implements `ports.hubs.LinkedHubs`."""

    def __init__(
        self,
        fleet: Fleet,
        own: LinkedHub,
        dial: Dial,
        *,
        vault: Vault,
        ids: Ids,
        limits: Limits = UNLIMITED,
    ) -> None:
        """``dial`` makes what asks a linked hub; it connects when it is asked."""
        self._fleet, self._own, self._dial = fleet, own, dial
        self._vault, self._ids, self._limits = vault, ids, limits
        self._reading = Reading(_read, lambda key: vault.seal(key.encode()))
        begin = {own.host: links.own(own.host)}
        self._known = Records(fleet, Link, Table.PROVISIONING, prefix=_PREFIX, begin=begin)
        self._dialled: dict[str, tuple[Link, RemoteHub]] = {}

    def open(self) -> None:
        """Read the store, and follow what is committed."""
        self._known.open()

    async def close(self) -> None:
        """Hang up on all of them."""
        dialled, self._dialled = [*self._dialled.values()], {}
        for _, hub in dialled:
            await hub.close()

    # ── as provisioning sees them ────────────────────────────────────────────────────────────

    def weights(self) -> Mapping[str, int]:
        return {host: link.weight for host, link in self._known.items()}

    def find(self, host: str) -> LinkedHub | None:
        host = host.lower()
        if host == self._own.host:
            return self._own
        link = self._known.get(host)
        return None if link is None else self._reached(link)

    # ── as operators see them ────────────────────────────────────────────────────────────────

    async def list_all(self, *, by: Principal) -> list[JsonObject]:
        """Every hub without its key, by host."""
        by.require(Right.SERVICE_CONFIG)
        self._limits.take(Operation.ENROLLMENT, by)
        return [self._document(self._known[host]) for host in sorted(self._known)]

    async def get(self, host: str, *, by: Principal) -> JsonObject:
        """One hub, without its key; HubNotFound."""
        by.require(Right.SERVICE_CONFIG)
        self._limits.take(Operation.ENROLLMENT, by)
        return self._document(_found(self._known, host))

    async def put(
        self, host: str, body: JsonObject, *, if_match: str | None, by: Principal
    ) -> JsonObject:
        """Link a hub, or with an etag (ANY for whatever it has) change a link.

        Raises:
            HubLinked: it is linked, and no etag was given.
            HubNotFound, EtagMismatch, TooManyHubs, Invalid and its kin: see the message.
            Unavailable: the commit failed. In every case nothing has changed.

        Source: LINK-1 to LINK-5.
        """
        by.require(Right.SERVICE_CONFIG)
        self._limits.take(Operation.ENROLLMENT, by)

        def decide(view: View) -> Change[Link]:
            known = self._known.seen(view)
            old = known.get(host.lower())
            new = self._written(known, host, body, if_match)
            if not self._is_own(new):
                self._dial(self._reach(new))  # Invalid if it can never be reached so
            row = self._known.row(new.host, new)
            return Change(lambda _: new, rows=(row,), deeds=(self._deed(by, old, new),))

        return self._document(await self._fleet.change(decide))

    async def delete(self, host: str, *, if_match: str | None, by: Principal) -> None:
        """Give devices to that hub no more; those that it has, it keeps.

        Raises:
            InvalidOperation: it is the hub itself.
            HubNotFound, EtagMismatch, Unavailable: as `put`.

        Source: LINK-6.
        """
        by.require(Right.SERVICE_CONFIG)
        self._limits.take(Operation.ENROLLMENT, by)

        def decide(view: View) -> Change[None]:
            old = _to_change(self._known.seen(view), host, if_match)
            if self._is_own(old):
                raise InvalidOperation(f"{old.host} is this hub itself: it is always linked")
            row = self._known.row(old.host, None)
            return Change(lambda _: None, rows=(row,), deeds=(self._deed(by, old, None),))

        await self._fleet.change(decide)
        await self._hang_up(host.lower())

    def _written(
        self, known: Mapping[str, Link], host: str, body: JsonObject, if_match: str | None
    ) -> Link:
        if if_match is not None or host.lower() == self._own.host:
            current = _to_change(known, host, if_match)
            if self._is_own(current):
                return links.weighed(current, body)
            return links.changed(current, body, self._reading)
        if host.lower() in known:
            raise HubLinked(f"hub {host[:255]} is linked")
        if len(known) >= MAX_LINKS:
            raise TooManyHubs(f"{len(known)} of {MAX_LINKS} hubs are linked")
        return links.created(host, body, self._reading, etag=self._ids.etag_start())

    def _reached(self, link: Link) -> RemoteHub:
        """What asks that hub, with the link as it is now."""
        known = self._dialled.get(link.host)
        if known is None or known[0] != link:
            self._dialled[link.host] = known = (link, self._dial(self._reach(link)))
        return known[1]

    def _reach(self, link: Link) -> Reach:
        key = self._vault.open(link.key).decode()
        string = ConnectionString(link.host, policy=link.policy, key=key)
        return Reach(string, link.port, link.certificate)

    async def _hang_up(self, host: str) -> None:
        if dialled := self._dialled.pop(host, None):
            await dialled[1].close()

    def _is_own(self, link: Link) -> bool:
        return link.host == self._own.host

    def _document(self, link: Link) -> JsonObject:
        return links.document(link, is_own=self._is_own(link))

    def _deed(self, by: Principal, old: Link | None, new: Link | None) -> Deed:
        before, after = (digest(self._document(one)) if one else None for one in (old, new))
        host = (old or new or links.own("")).host
        return Deed(by, "link.write", host, before, after)


def _found(known: Mapping[str, Link], host: str) -> Link:
    try:
        return known[host.lower()]
    except KeyError:
        there = ", ".join(sorted(known))
        raise HubNotFound(f"no hub {host[:80]} is linked: there are {there}") from None


def _to_change(known: Mapping[str, Link], host: str, if_match: str | None) -> Link:
    current = _found(known, host)
    check_etag(f"hub '{current.host}'", current.etag, if_match)
    return current


def _read(text: str) -> Credentials:
    try:
        string = ConnectionString.parse(text)
    except ProtocolError as error:
        raise Invalid(f"connectionString: {error}") from None
    if string.policy is None or string.key is None:
        raise Invalid("connectionString is not of a shared-access policy")
    return Credentials(string.host, string.policy, string.key)
