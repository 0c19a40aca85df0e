"""What a commit tells the feed: identities, twins and connections that it changed.

What devices report is told only where everything is asked for: a fleet reports a thousand times as
often as somebody changes it.

Source: docs/spec/events.md.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from affinage.domain.audit import Deed
from affinage.domain.device import Presence
from affinage.domain.happening import Happening, Kind
from affinage.domain.moments import Millis
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind as Who
from affinage.services.fleet import codec
from affinage.services.fleet.overlay import Overlay


class Detail(StrEnum):
    """What of the fleet the feed tells beside telemetry."""

    OFF = "off"
    CHANGES = "changes"
    """What back ends, configurations and connections change."""
    ALL = "all"
    """Also that devices report."""


_IDENTITIES: Final = {
    "create": "created",
    "delete": "deleted",
    "retire": "retired",
    "replace": "replaced",
}
"""What becomes of an identity, by what is done to it; by anything else it is updated."""


def told_by(overlay: Overlay, detail: Detail, at: Millis) -> Iterator[Happening]:
    """The events of one commit. Source: EVENT-10 to EVENT-13."""
    deeds = {deed.subject: deed for deed in overlay.deeds}
    for deed in overlay.deeds:
        kind, _, verb = deed.action.partition(".")
        if kind in ("device", "module"):
            yield _identity(deed, _IDENTITIES.get(verb, "updated"), at)
    written = set[str]()
    for event in overlay.events:
        written.add(event.key.path)
        told = {"change": "desired", "patch": event.patch, "version": event.version}
        yield _of_twin(event.key, told | _by(deeds.get(event.key.path)), at)
    for deed in overlay.deeds:
        if deed.action.startswith("twin.") and deed.subject not in written:
            written.add(deed.subject)
            yield _of_twin(TwinKey.parse(deed.subject), {"change": "tags"} | _by(deed), at)
    if detail is Detail.ALL:
        yield from _reports(overlay, written | deeds.keys(), at)
    for key, presence in overlay.presences.items():
        if presence and (change := _change(presence)):
            told = {"change": change}
            if presence.product and presence.connected:
                told["client"] = presence.product
            yield Happening(Kind.CONNECTION, at, key.device, key.module, told)


def _identity(deed: Deed, change: str, at: Millis) -> Happening:
    key = TwinKey.parse(deed.subject)
    return Happening(Kind.DEVICE, at, key.device, key.module, {"change": change} | _by(deed))


def _of_twin(key: TwinKey, told: dict[str, Any], at: Millis) -> Happening:
    return Happening(Kind.TWIN, at, key.device, key.module, told)


def _reports(overlay: Overlay, told: set[str], at: Millis) -> Iterator[Happening]:
    """Devices that were changed by nobody else: they reported, or a module of theirs did."""
    for name, body in overlay.bodies.items():
        if name not in told:
            device = codec.device(body)
            change = {"change": "reported", "version": device.twin.reported.version}
            yield _of_twin(TwinKey(name), change, at)


def _by(deed: Deed | None) -> dict[str, Any]:
    """Who did it; what nobody asked for, a configuration or the hub itself did."""
    if deed is None:
        return {"by": {"kind": str(Who.HUB), "name": "hub"}}
    return {"by": {"kind": str(deed.by.kind), "name": deed.by.name}}


def _change(presence: Presence) -> str | None:
    """What began with it; nothing, if it only says that the identity is still active."""
    if not presence.connected:
        return "disconnected"
    return "connected" if presence.changed_at == presence.active_at else None
