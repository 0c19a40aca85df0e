"""What a client may say of itself when it comes in."""

import pytest

from affinage.protocol.mqtt.packets import Connack
from fakes.looped import looped
from fakes.mqtt_door import HOST, KEY, a_door, hello

ACCEPTED = Connack(session_present=False, code=0)


@pytest.mark.parametrize(
    ("said", "model"),
    [("", ""), ("&model-id=dtmi%3Aexample%3APump%3B1", "dtmi:example:Pump;1"), ("&model-id", "")],
)
@looped
async def test_who_comes_in_may_name_its_model(said: str, model: str) -> None:
    """DIGITAL-1"""
    async with a_door() as door:
        name = f"{HOST}/pump-1/?api-version=2021-04-12{said}"
        assert await door.call().send(hello(username=name)) == [ACCEPTED]
        assert door.sessions.models == {KEY: model}


@pytest.mark.parametrize(
    ("said", "product"), [("", ""), ("&DeviceClientType=a%2F1.0%20%28x%29", "a/1.0 (x)")]
)
@looped
async def test_who_comes_in_may_say_what_it_is(said: str, product: str) -> None:
    """MQTT-59."""
    async with a_door() as door:
        name = f"{HOST}/pump-1/?api-version=2021-04-12{said}"
        assert await door.call().send(hello(username=name)) == [ACCEPTED]
        assert door.sessions.products == {KEY: product}
