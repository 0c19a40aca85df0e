import pytest

from affinage.protocol.feeds import FILTERS, Feed, feed_of, quality, takes_method
from affinage.protocol.identities import Identity

DEVICE, MODULE = Identity("d"), Identity("d", "m")


@pytest.mark.parametrize("identity", [DEVICE, MODULE])
def test_everyone_may_subscribe_to_twins_methods_and_own_messages(identity: Identity) -> None:
    """MQTT-30."""
    assert {feed: feed_of(text, identity) for feed, text in FILTERS.items()} == {
        Feed.TWIN_RESPONSES: Feed.TWIN_RESPONSES,
        Feed.DESIRED: Feed.DESIRED,
        Feed.METHODS: Feed.METHODS,
    }
    assert feed_of(f"{identity.root}/messages/devicebound/#", identity) is Feed.MESSAGES


def test_one_method_may_be_subscribed_to_alone() -> None:
    """MQTT-31."""
    assert feed_of("$iothub/methods/POST/reboot/#", DEVICE) is Feed.METHODS
    assert feed_of(f"$iothub/methods/POST/{'x' * 101}/#", DEVICE) is None


@pytest.mark.parametrize("text", ["devices/d/modules/m/inputs/#", "devices/d/modules/m/#"])
def test_only_a_module_has_inputs(text: str) -> None:
    """MQTT-32."""
    assert feed_of(text, MODULE) is Feed.INPUTS
    assert feed_of(text, DEVICE) is None


@pytest.mark.parametrize(
    "text",
    [
        "#",
        "$iothub/#",
        "$iothub/twin/res/+",
        "$iothub/methods/POST/+/#",
        "$iothub/methods/POST//#",
        "$iothub/methods/POST/a/b/#",
        "$iothub/methods/POST/a",
        "$dps/registrations/res/#",
        "devices/e/messages/devicebound/#",
        "devices/+/messages/devicebound/#",
        "devices/d/messages/events/#",
    ],
)
def test_no_other_filter_is_known(text: str) -> None:
    """MQTT-33."""
    assert feed_of(text, DEVICE) is None


def test_a_method_is_taken_by_its_own_filter_or_by_that_for_all() -> None:
    """MQTT-31, METHOD-5."""
    assert takes_method(["$iothub/methods/POST/#"], "stop")
    assert takes_method(["$iothub/twin/res/#", "$iothub/methods/POST/stop/#"], "stop")
    assert not takes_method(["$iothub/methods/POST/stopped/#"], "stop")


@pytest.mark.parametrize(
    ("filters", "identity", "expected"),
    [
        ({}, DEVICE, None),
        ({"$iothub/twin/res/#": 1, "devices/d/modules/m/#": 1}, DEVICE, None),
        ({"devices/d/messages/devicebound/#": 0}, DEVICE, 0),
        ({"devices/d/modules/m/messages/devicebound/#": 1}, MODULE, 1),
        ({"devices/d/modules/m/messages/devicebound/#": 0, "devices/d/modules/m/#": 1}, MODULE, 1),
        ({"devices/d/modules/m/inputs/#": 1}, MODULE, None),
    ],
)
def test_messages_come_at_the_highest_quality_that_was_granted(
    filters: dict[str, int], identity: Identity, expected: int | None
) -> None:
    """MESSAGE-10."""
    assert quality(filters, identity) == expected
