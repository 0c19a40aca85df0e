"""What an operator can see of each risk."""

import pytest

from affinage.apps.simulator.behaviour import HELD, INSECURE, POWER_LOST, UNVERIFIED
from affinage.apps.simulator.symptoms import Symptom, symptom_of


@pytest.mark.parametrize(
    ("status", "substatus", "connected", "overdue", "symptom"),
    [
        ("current", "", True, False, Symptom.UP_TO_DATE),
        ("current", "", False, True, Symptom.UP_TO_DATE),
        ("current", f"{HELD} Berthe until noon", True, False, Symptom.HELD),
        ("downloading", "Start downloading", True, False, Symptom.UPDATING),
        ("downloading", "Start downloading", False, False, Symptom.CUT_OFF),
        ("downloading", "Start downloading", False, True, Symptom.SILENT),
        ("downloading", "Start downloading", True, True, Symptom.SILENT),
        ("verifying", "", False, False, Symptom.CUT_OFF),
        ("applying", "", False, False, Symptom.IN_THE_DARK),
        ("rebooting", "Start reboot", False, False, Symptom.UPDATING),
        ("error", f"{UNVERIFIED} B", True, False, Symptom.INCOMPATIBLE),
        ("rolledback", f"Rolled back to: 1 ({UNVERIFIED} B)", True, False, Symptom.INCOMPATIBLE),
        ("error", POWER_LOST, True, False, Symptom.POWER_CUT),
        ("rolledback", f"Rolled back to: 1 ({POWER_LOST})", True, False, Symptom.POWER_CUT),
        ("rolledback", f"Rolled back to: 1 ({INSECURE})", True, False, Symptom.FAILED),
    ],
)
def test_each_risk_has_a_name_of_its_own(
    status: str, substatus: str, connected: bool, overdue: bool, symptom: Symptom
) -> None:
    """FIRMWARE-20"""
    section = {"fwUpdateStatus": status, "fwUpdateSubstatus": substatus}
    assert symptom_of(section, is_connected=connected, is_overdue=overdue) is symptom
