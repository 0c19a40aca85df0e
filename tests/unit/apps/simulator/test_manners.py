"""How a simulated device answers, and what it tells."""

import json

from affinage.apps.simulator.device import new_device
from affinage.apps.simulator.manners import run, telemetry
from affinage.apps.simulator.profile import Profile
from affinage.clients.listening import Invocation, Result


def test_every_method_comes_back_with_what_it_was_given() -> None:
    device = new_device(Profile("CC-1", "42", "B"))
    assert run(device, Invocation("open", [1])) == Result(
        200, {"method": "open", "payload": [1], "firmware": "1.0.0"}
    )


def test_telemetry_follows_from_seed_device_and_number() -> None:
    told = [json.loads(telemetry("pump-1", 7, number)) for number in range(100)]
    assert [one["number"] for one in told] == list(range(100))
    assert all(8 <= one["temperature"] <= 12 for one in told)
    assert len({one["temperature"] for one in told}) > 10
    assert telemetry("pump-1", 7, 3) == telemetry("pump-1", 7, 3)
    assert telemetry("pump-2", 7, 3) != telemetry("pump-1", 7, 3)
