"""A firmware to a device, with other people's clients on both sides of the hub.

The device is the widely copied sample: eleven reports, from the first one of a fresh device to the
last of its update. The operator creates the configuration and looks at its counts.
"""

from types import ModuleType
from typing import Any, Final

import pytest

from fakes.sdk import ITS_WARNINGS, PATIENCE_S, Connect, heard, wait_until

pytestmark = [pytest.mark.conformance, *ITS_WARNINGS]

BEGUN, ENDED = "2026-11-21T08:00:00.000Z", "2026-11-21T08:01:50.000Z"

FIRMWARE: Final = {
    "fwVersion": "2.8.5",
    "fwPackageURI": "https://secureuri/package.bin",
    "fwPackageCheckValue": "123456abcde",
}

FIRST: Final = {
    "currentFwVersion": "1.0.0",
    "pendingFwVersion": "",
    "fwUpdateStatus": "current",
    "fwUpdateSubstatus": "",
    "lastFwUpdateStartTime": "",
    "lastFwUpdateEndTime": "",
}


FINAL: Final = {
    "currentFwVersion": "2.8.5",
    "pendingFwVersion": "",
    "fwUpdateStatus": "current",
    "fwUpdateSubstatus": "",
    "lastFwUpdateStartTime": BEGUN,
    "lastFwUpdateEndTime": ENDED,
}


def told(status: str, substatus: str, **more: str) -> dict[str, str]:
    return {"fwUpdateStatus": status, "fwUpdateSubstatus": substatus, **more}


UPDATE: Final = (
    told("current", "", pendingFwVersion="2.8.5", lastFwUpdateStartTime=BEGUN),
    told("downloading", "Start downloading"),
    told("downloading", "Finished downloading"),
    told("verifying", "Start verifying download"),
    told("verifying", "Finished verifying download"),
    told("applying", "Start applying image"),
    told("applying", "Finished applying image"),
    told("rebooting", "Start reboot"),
    told("rebooting", "Finished reboot"),
    told("current", "", currentFwVersion="2.8.5", pendingFwVersion="", lastFwUpdateEndTime=ENDED),
)
"""What the sample reports of one update, in its order."""

CARRIED: Final = (
    "SELECT deviceId FROM devices WHERE configurations.[[firmware285]].status='Applied'"
)
STATUS: Final = "properties.reported.firmware.fwUpdateStatus"
METRICS: Final = {
    "current": f"{CARRIED} AND {STATUS}='current'",
    "applying": f"{CARRIED} AND ( {STATUS}='downloading' OR {STATUS}='verifying'"
    f" OR {STATUS}='applying')",
    "rebooting": f"{CARRIED} AND {STATUS}='rebooting'",
    "error": f"{CARRIED} AND {STATUS}='error'",
    "rolledback": f"{CARRIED} AND {STATUS}='rolledback'",
}


def counted_as(status: str) -> str:
    """Which metric counts a device of that status."""
    return "applying" if status in {"downloading", "verifying"} else status


def shown(configurations: Any) -> Any:
    """The configuration as the operator sees it."""
    return configurations.get_configuration("firmware285")


def until_it_is_counted(configurations: Any, *, as_: str) -> None:
    """Return once that metric counts the device, and no other does; counts may be a bit old."""
    counts = dict.fromkeys(METRICS, 0) | {as_: 1}
    wait_until(lambda: bool(shown(configurations).metrics.results == counts))


@pytest.fixture
def rollout(models: ModuleType) -> Any:
    """As the sample's operator makes it, with one dotted name."""
    return models.Configuration(
        id="firmware285",
        content=models.ConfigurationContent(
            device_content={"properties.desired.firmware": FIRMWARE}
        ),
        metrics=models.ConfigurationMetrics(queries=METRICS),
        target_condition="tags.devicetype = 'chiller'",
        priority=20,
    )


def test_a_firmware_goes_to_a_chiller_and_is_counted_at_every_step(
    connect: Connect, registry: Any, configurations: Any, models: ModuleType, rollout: Any
) -> None:
    registry.create_device_with_sas("chiller", "", "", "enabled")
    registry.update_twin("chiller", models.Twin(tags={"devicetype": "chiller"}))
    device = connect("chiller")
    device.patch_twin_reported_properties({"firmware": FIRST})
    wanted = heard(device)
    configurations.create_configuration(rollout)
    assert wanted.get(timeout=PATIENCE_S) == {"firmware": FIRMWARE, "$version": 2}
    for step in UPDATE:
        device.patch_twin_reported_properties({"firmware": step})
        until_it_is_counted(configurations, as_=counted_as(step["fwUpdateStatus"]))
    assert device.get_twin()["reported"] == {"firmware": FINAL, "$version": 12}
    counted = {"targetedCount": 1, "appliedCount": 1}
    assert shown(configurations).system_metrics.results == counted
