"""What may go wrong during an update, and which devices it happens to.

A risk names its victims by their labels, by a share of them, or both; which devices those are
follows from the seed and nothing else. What happens then is decided in `behaviour.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from affinage.apps.simulator.chance import draw
from affinage.domain.errors import Invalid


class Kind(StrEnum):
    """The risks of updating machines that one cannot see."""

    HARDWARE = "hardware"
    """The firmware does not work on this hardware: its verification fails, every time."""
    CONNECTION = "connection"
    """The connection is lost halfway through the download, for `Timings.away`."""
    POWER_OLD_SLOT = "power-old-slot"
    """Power is lost while the image is written; the device starts from the old slot."""
    POWER_NEW_SLOT = "power-new-slot"
    """Power is lost just after the image was complete; the device starts from the new slot."""
    OPERATOR = "operator"
    """Somebody works at the machine, and holds the update off for `Timings.held`."""
    SILENCE = "silence"
    """The device is never heard of again after its download."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk, and whom it strikes: ``share`` of the devices that carry the labels ``where``.

    ``version`` narrows it to updates to that firmware version; None is any.
    """

    kind: Kind
    share: float = 1.0
    where: tuple[tuple[str, str], ...] = ()
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """The risks that strike one device."""

    risks: tuple[Risk, ...] = ()

    def strike(self, kind: Kind, version: str) -> bool:
        """Whether an update to ``version`` meets a risk of this kind."""
        return any(risk.kind is kind and risk.version in {None, version} for risk in self.risks)


NO_FAULTS = Faults()


def faults_of(
    device: str, labels: Mapping[str, str], risks: Iterable[Risk], *, seed: int
) -> Faults:
    """Those of ``risks`` that strike one device: always the same ones for one seed.

    A larger share strikes the same devices, and more: raising one never spares a victim.
    """
    return Faults(tuple(risk for risk in risks if _strikes(risk, device, labels, seed)))


def _strikes(risk: Risk, device: str, labels: Mapping[str, str], seed: int) -> bool:
    return (
        all(labels.get(name) == value for name, value in risk.where)
        and draw(seed, device, risk.kind, risk.version or "") < risk.share
    )


def parse_risk(text: str) -> Risk:
    """Read a risk as people write it: ``KIND[=SHARE][:VERSION][@LABEL=VALUE]…``.

    As in ``power-old-slot=0.02``, ``hardware:2.1.0@revision=B`` or ``silence=0.5@ring=canary``.

    Raises:
        Invalid: the kind is unknown, the share is not a number from 0 to 1, or a label has no
            value. The message says which.
    """
    head, *labels = text.split("@")
    head, _, version = head.partition(":")
    kind, _, share = head.partition("=")
    if kind not in {*Kind}:
        raise Invalid(f"{kind!r} is no risk: it must be one of {', '.join(Kind)}")
    return Risk(Kind(kind), _share(share or "1"), tuple(map(_label, labels)), version or None)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise Invalid(f"the share of a risk must be from 0 to 1, not {text!r}")
    return share


def _label(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (name and found):
        raise Invalid(f"{text!r} is not a label and its value, as in ring=canary")
    return name, value
