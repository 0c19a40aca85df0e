"""One device under all configurations: the smallest change that makes it what they want.

Level-based: it looks at the device and the rulebook, never at what happened; the second run
changes nothing. Conditions are met by the device as it was given: one that reads what the
configurations write is answered by the next run.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from affinage.domain.content import ANY_MODULE, Kind
from affinage.domain.device import Device
from affinage.domain.edge import (
    Deployments,
    ModuleIdentities,
    in_writing_order,
    is_managed,
    ordered,
    started_modules,
    with_leavers,
    with_modules,
    written_modules,
)
from affinage.domain.flaps import Flaps
from affinage.domain.moments import Millis
from affinage.domain.names import EDGE_AGENT, SYSTEM_MODULES, TwinKey
from affinage.domain.overlay import Claim, Verdict, judge, settle
from affinage.domain.rulebook import Rule, Rulebook
from affinage.domain.targets import PresenceOf, Targets
from affinage.domain.twin import DesiredChanged

_MAX_VERDICTS: Final = 1_000
"""Kept with a rulebook: as many sets of configurations on one twin."""

Reconciled = tuple[Device, tuple[DesiredChanged, ...]]


def reconcile(
    device: Device,
    rulebook: Rulebook,
    *,
    presence: PresenceOf,
    identities: ModuleIdentities,
    at: Millis,
    affected: Collection[str] | None = None,
    edited: str | None = None,
    correct_drift: bool = False,
) -> Reconciled:
    """The device as the configurations want it, and what it and its modules must be told.

    Args:
        device: as it is; returned as the same object if nothing changes.
        rulebook: every configuration, tombstones too.
        presence: whether an identity is connected, for conditions that ask.
        identities: makes identities for modules that a deployment brings.
        at: now.
        affected: ids of the configurations whose conditions are met anew, None for all. The
            others are taken as `Device.carried` and `Twin.statuses` have them.
        edited: the configuration whose change is carried out, if any: that memberships of it
            begin or end is no flip.
        correct_drift: also write what somebody else changed at a path in force.

    Returns:
        The device, and at most one event for each twin: its own, then custom modules by name,
        `$edgeHub`, and `$edgeAgent` last.

    Raises:
        Invalid, TooLarge: a twin would pass a limit, or the device would have too many modules.
            Nothing has changed.

    Source: RECONCILE-1 to RECONCILE-21, RECONCILE-29 to RECONCILE-32, EDGE-4 to EDGE-14.
    """
    flaps = Flaps(device.flips, edited, at)
    targets = Targets(device, rulebook, presence, affected, flaps)
    rules = targets.of_device()
    deployments = ordered(tuple([rule for rule in rules if rule.kind is Kind.EDGE]))
    run = _Run(device, rulebook, rules, deployments, correct_drift, at)

    result, told_to_agent = _with_modules(run, device, identities)
    if result.modules.keys() != device.modules.keys():
        targets = targets.asking_all_of_modules()
    result, told = _settled(run, result, None, ())
    carried = {rule.id: rule.generation for rule in rules} | targets.unasked()
    for name in in_writing_order(result.modules.keys() - {EDGE_AGENT}):
        selected = targets.of_module(result.modules[name])
        result, events = _settled(run, result, name, selected)
        told += events
        carried |= {rule.id: rule.generation for rule in selected}
    flips = flaps.after(rulebook, is_written=carried != device.carried)
    if carried != device.carried or flips != device.flips:
        result = replace(result, carried=carried, flips=flips)
    return result, told + told_to_agent


@dataclass(frozen=True, slots=True)
class _Run:
    """What is the same for every twin of the device."""

    device: Device
    rulebook: Rulebook
    rules: tuple[Rule, ...]
    deployments: Deployments
    correct_drift: bool
    at: Millis


def _with_modules(run: _Run, device: Device, identities: ModuleIdentities) -> Reconciled:
    """The agent settled, then the modules that it and the deployments name, and no others."""
    if not (device.modules or run.deployments.in_force):
        return device, ()
    written = written_modules(run.deployments)
    device = with_modules(device, written & {EDGE_AGENT}, identities, run.at)
    events: tuple[DesiredChanged, ...] = ()
    if EDGE_AGENT in device.modules:
        device, events = _settled(run, device, EDGE_AGENT, ())
    if not run.deployments.in_force:
        return with_leavers(device, None, run.at), events
    wanted = written | started_modules(device)
    device = with_leavers(device, wanted, run.at)
    return with_modules(device, wanted, identities, run.at), events


def _settled(run: _Run, device: Device, name: str | None, selected: Iterable[Rule]) -> Reconciled:
    """The device with one twin as its own, edge, and module configurations want it."""
    key = TwinKey(device.id, name)
    twin = device.twin_of(key)
    verdict = _verdict(run, name, (*run.rules, *selected))
    settled, events = settle(
        key,
        twin,
        verdict,
        before=_before(run, device, name),
        whole=name in SYSTEM_MODULES and bool(verdict.winners),
        correct_drift=run.correct_drift,
        at=run.at,
    )
    return (device if settled is twin else device.with_twin(key, settled)), events


def _verdict(run: _Run, name: str | None, rules: tuple[Rule, ...]) -> Verdict:
    """Who wins a twin under those rules; asked for once for all devices that carry the same."""
    verdicts = run.rulebook.verdicts
    key = (name, *[rule.id for rule in rules])
    if (found := verdicts.get(key)) is None:
        if len(verdicts) >= _MAX_VERDICTS:
            verdicts.clear()
        found = verdicts[key] = judge(_claims(run, name, rules))
    return found


def _claims(run: _Run, name: str | None, rules: tuple[Rule, ...]) -> Iterable[Claim]:
    hidden = {rule.id for rule in run.deployments.hidden}
    for rule in sorted(rules, key=lambda rule: rule.rank):
        place = ANY_MODULE if rule.kind is Kind.MODULE else name
        yield Claim(rule.id, rule.writes.get(place, ()), rule.id not in hidden)


def _before(run: _Run, device: Device, name: str | None) -> dict[str, str | None]:
    """The paths that may be taken back; without an owner if its configuration is another now."""
    return {
        path: owner if _is_current(run, owner) else None
        for path, owner in device.twin_of(TwinKey(device.id, name)).owned.items()
        if not _stays(run, device, name, owner)
    }


def _is_current(run: _Run, owner: str) -> bool:
    return run.rulebook.current(owner, run.device.carried.get(owner)) is not None


def _stays(run: _Run, device: Device, name: str | None, owner: str) -> bool:
    """Whether a path outlives its owner: the last deployment leaves all as it is (EDGE-8)."""
    if name is None or run.deployments.in_force:
        return False
    rule = run.rulebook.rules.get(owner)
    if rule and rule.generation == run.device.carried.get(owner):
        return rule.kind is Kind.EDGE
    # Of a configuration that is gone nobody knows the kind; deployments made a managed module.
    return name in SYSTEM_MODULES or is_managed(device.modules[name])
