import pytest

from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity
from affinage.protocol.topics import (
    MAX_PROPERTIES,
    Delivery,
    DesiredNotification,
    DeviceBound,
    MethodAnswer,
    MethodRequest,
    ReportedPatch,
    Request,
    Telemetry,
    TwinGet,
    TwinResponse,
    parse_delivery,
    parse_request,
    parse_will,
)

DEVICE, MODULE = Identity("d"), Identity("d", "m")
PATCH = "$iothub/twin/PATCH/properties/reported/"


@pytest.mark.parametrize(
    ("topic", "request_"),
    [
        ("$iothub/twin/GET/?$rid=a%2Fb", TwinGet("a%2Fb")),
        (f"{PATCH}?$rid=7", ReportedPatch("7")),
        (f"{PATCH}?$rid=7&$version=12", ReportedPatch("7", 12)),
        ("$iothub/methods/res/200/?$rid=2a", MethodAnswer(200, "2a")),
        ("$iothub/methods/res/-1/?$rid=2a", MethodAnswer(-1, "2a")),
        ("devices/d/messages/events/", Telemetry(DEVICE, {})),
        ("devices/d/messages/events/%24.ct=a%2Fb", Telemetry(DEVICE, {"$.ct": "a/b"})),
    ],
)
def test_a_request_is_read_as_it_is_written(topic: str, request_: Request) -> None:
    """MQTT-23 to MQTT-27."""
    assert parse_request(topic, DEVICE) == request_
    assert request_.topic == topic


def test_the_names_in_a_request_may_come_in_any_order_and_the_first_counts() -> None:
    """MQTT-21, MQTT-25."""
    assert parse_request(f"{PATCH}?$version=3&$rid=a&$rid=b", DEVICE) == ReportedPatch("a", 3)


@pytest.mark.parametrize("tail", ["", "/", "/a%20b=c%2Fd", "/a%20b=c%2Fd/"])
def test_a_message_may_lack_a_bag_or_end_in_a_slash(tail: str) -> None:
    """MQTT-26: Node writes the superfluous slash."""
    properties = {"a b": "c/d"} if "=" in tail else {}
    topic = f"devices/d/modules/m/messages/events{tail}"
    assert parse_request(topic, MODULE) == Telemetry(MODULE, properties)


@pytest.mark.parametrize(
    ("topic", "problem"),
    [
        ("$iothub/twin/GET/?", "without \\$rid"),
        ("$iothub/twin/GET/?$rid=", "without \\$rid"),
        (f"$iothub/twin/GET/?$rid={'x' * 129}", "129 of 128"),
        ("$iothub/twin/GET/", "may not publish"),
        ("$iothub/twin/res/200/?$rid=1", "may not publish"),
        (f"{PATCH}?$rid=7&$version=", "not a whole number"),
        (f"{PATCH}?$rid=7&$version=1.0", "not a whole number"),
        (f"{PATCH}?$rid=7&$version=\u0661", "not a whole number"),
        ("$iothub/methods/res/ok/?$rid=1", "not a whole number"),
        ("$iothub/methods/res/200", "without \\$rid"),
        ("devices/e/messages/events/", "d may not publish"),
        ("devices/d/modules/m/messages/events/", "d may not publish"),
        ("devices/d/messages/eventsx", "may not publish"),
        ("a", "may not publish"),
        (f"devices/d/messages/events/{'a&' * MAX_PROPERTIES}", "1001 of 1000 properties"),
    ],
)
def test_a_device_may_publish_nowhere_else(topic: str, problem: str) -> None:
    """MQTT-22, MQTT-23, MQTT-61."""
    with pytest.raises(ProtocolError, match=problem):
        parse_request(topic, DEVICE)


@pytest.mark.parametrize(
    ("topic", "delivery"),
    [
        ("$iothub/twin/res/200/?$rid=7", TwinResponse(200, "7")),
        ("$iothub/twin/res/204/?$rid=7&$version=3", TwinResponse(204, "7", 3)),
        ("$iothub/twin/PATCH/properties/desired/?$version=4", DesiredNotification(4)),
        ("$iothub/methods/POST/reboot/?$rid=2a", MethodRequest("reboot", "2a")),
        ("devices/d/messages/devicebound/", DeviceBound(DEVICE, {})),
        ("devices/d/modules/m/messages/devicebound/k=a%2Fb", DeviceBound(MODULE, {"k": "a/b"})),
    ],
)
def test_what_the_hub_says_is_read_as_it_is_written(topic: str, delivery: Delivery) -> None:
    """MQTT-28."""
    assert parse_delivery(topic) == delivery
    assert delivery.topic == topic


@pytest.mark.parametrize(
    "topic",
    [
        "a",
        "$iothub/twin/PATCH/properties/desired/",
        "$iothub/twin/",
        "devices//messages/devicebound/",
        "devices/d/modules//messages/devicebound/",
        "machines/d/messages/devicebound/",
    ],
)
def test_a_hub_says_nothing_elsewhere(topic: str) -> None:
    with pytest.raises(ProtocolError):
        parse_delivery(topic)


@pytest.mark.parametrize("topic", ["$iothub/twin/GET/?$rid=1", "devices/e/messages/events/"])
def test_a_will_is_a_message_of_its_own_or_nothing(topic: str) -> None:
    """MQTT-17."""
    with pytest.raises(ProtocolError):
        parse_will(topic, Identity("d"), is_retained=False)
    message = parse_will("devices/d/messages/events/a=b", Identity("d"), is_retained=True)
    assert message == Telemetry(Identity("d"), {"a": "b", "mqtt-retain": "true"})
