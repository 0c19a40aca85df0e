"""How a simulated device treats its hub: it runs every method, and tells how warm its cave is.

Chosen from the seed, the device's id and the number of the message alone.
"""

import json
from typing import Final

from affinage.apps.simulator.chance import draw
from affinage.apps.simulator.device import Device
from affinage.clients.listening import Invocation, Result

TELEMETRY_PROPERTIES: Final = {"$.ct": "application/json", "$.ce": "utf-8"}

_WARMEST: Final = 12.0
_COLDEST: Final = 8.0


def run(device: Device, invocation: Invocation) -> Result:
    """Every method succeeds, and comes back with what it was given."""
    firmware = device.firmware.confirmed
    return Result(
        200, {"method": invocation.name, "payload": invocation.payload, "firmware": firmware}
    )


def telemetry(device: str, seed: int, number: int) -> bytes:
    """The body of a device's message of that number, JSON."""
    chance = draw(seed, device, "telemetry", str(number))
    temperature = round(_COLDEST + chance * (_WARMEST - _COLDEST), 1)
    return json.dumps({"number": number, "temperature": temperature}).encode()
