"""services/told.py: what one commit tells the feed."""

from typing import Any

from affinage.domain.audit import Deed
from affinage.domain.device import Presence
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal
from affinage.domain.twin import DesiredChanged
from affinage.services.fleet import codec
from affinage.services.fleet.overlay import Overlay
from affinage.services.told import Detail, told_by
from fakes.commits import device

BY = Principal(Kind.POLICY, "service", "https", "7")
KEY = TwinKey("d")


def told(overlay: Overlay, detail: Detail = Detail.CHANGES) -> list[tuple[Any, ...]]:
    found = told_by(overlay, detail, 5)
    return [
        (one.kind, one.device, one.module, one.told["change"], one.told.get("by", {}).get("name"))
        for one in found
    ]


def deeds(*pairs: tuple[str, str]) -> list[Deed]:
    return [Deed(BY, action, subject) for action, subject in pairs]


def test_identities_are_told_by_what_became_of_them() -> None:
    """EVENT-11"""
    verbs = ("create", "delete", "retire", "replace", "update", "restore")
    overlay = Overlay(deeds=deeds(*((f"device.{verb}", "d") for verb in verbs)))
    overlay.deeds += deeds(("module.create", "d/m"), ("policy.update", "p"))
    changes = ["created", "deleted", "retired", "replaced", "updated", "updated"]
    expected: list[Any] = [("device", "d", None, change, "service") for change in changes]
    assert told(overlay) == [*expected, ("device", "d", "m", "created", "service")]


def test_a_twin_is_told_once_with_its_patch_if_desired_has_changed() -> None:
    """EVENT-10"""
    changed = [DesiredChanged(KEY, {"a": 1}, 3), DesiredChanged(TwinKey("e", "m"), {}, 2)]
    overlay = Overlay(events=changed, deeds=deeds(("twin.patch", "d"), ("twin.patch", "f")))
    assert told(overlay) == [
        ("twin", "d", None, "desired", "service"),
        ("twin", "e", "m", "desired", "hub"),
        ("twin", "f", None, "tags", "service"),
    ]


def test_reports_are_told_only_where_all_is() -> None:
    """EVENT-13"""
    overlay = Overlay(bodies={name: codec.encode(device(name)) for name in ("d", "e")})
    overlay.deeds += deeds(("twin.patch", "e"))
    assert told(overlay) == [("twin", "e", None, "tags", "service")]
    assert told(overlay, Detail.ALL)[1:] == [("twin", "d", None, "reported", None)]


def test_connections_are_told_when_they_begin_and_end() -> None:
    """EVENT-12"""
    presences: dict[TwinKey, Presence | None] = {
        TwinKey("a"): Presence(True, 5, 5, product="pump/1.0"),
        TwinKey("b"): Presence(True, 5, 9),
        TwinKey("c"): Presence(False, 9, 5),
        TwinKey("d"): None,
    }
    first = next(told_by(Overlay(presences=presences), Detail.CHANGES, 5))
    assert first.told == {"change": "connected", "client": "pump/1.0"}
    changes = [(name, change) for _, name, _, change, _ in told(Overlay(presences=presences))]
    assert changes == [("a", "connected"), ("c", "disconnected")]
