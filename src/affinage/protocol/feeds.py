"""What a device may subscribe to: a few known filters, each to one feed. The hub is no broker.

Source: docs/spec/mqtt.md, MQTT-30 to MQTT-33.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from affinage.protocol.identities import Identity

MAX_METHOD: Final = 100
"""Characters in the name of a direct method."""

_METHODS: Final = "$iothub/methods/POST/"


class Feed(StrEnum):
    TWIN_RESPONSES = "twin responses"
    DESIRED = "desired notifications"
    METHODS = "method requests"
    MESSAGES = "cloud-to-device messages"
    INPUTS = "module inputs"
    REGISTRATION = "answers to registrations"


FILTERS: Final = {
    Feed.TWIN_RESPONSES: "$iothub/twin/res/#",
    Feed.DESIRED: "$iothub/twin/PATCH/properties/desired/#",
    Feed.METHODS: f"{_METHODS}#",
}
"""How to subscribe to the feeds whose topics name no identity."""

_FEEDS: Final = {text: feed for feed, text in FILTERS.items()}


def feed_of(topic_filter: str, identity: Identity) -> Feed | None:
    """Which feed a filter of ``identity`` subscribes to; None if it may not have it."""
    if topic_filter.startswith("$"):
        named = Feed.METHODS if _is_one_method(topic_filter) else None
        return _FEEDS.get(topic_filter, named)
    root, is_module = identity.root, identity.module is not None
    if topic_filter == messages_filter(identity):
        return Feed.MESSAGES
    if is_module and topic_filter in (f"{root}/inputs/#", f"{root}/#"):
        return Feed.INPUTS
    return None


def messages_filter(identity: Identity) -> str:
    """How ``identity`` subscribes to the messages that are sent to it."""
    return f"{identity.root}/messages/devicebound/#"


def quality(topic_filters: Mapping[str, int], identity: Identity) -> int | None:
    """The QoS at which messages are delivered; None if no filter is for them.

    Source: MQTT-32, MESSAGE-10.
    """
    everything = f"{identity.root}/#" if identity.module is not None else None
    found = (
        qos
        for text, qos in topic_filters.items()
        if text == everything or feed_of(text, identity) is Feed.MESSAGES
    )
    return max(found, default=None)


def takes_method(topic_filters: Iterable[str], name: str) -> bool:
    """Whether one of the filters is for that method."""
    return not {FILTERS[Feed.METHODS], f"{_METHODS}{name}/#"}.isdisjoint(topic_filters)


def _is_one_method(topic_filter: str) -> bool:
    name = topic_filter.removeprefix(_METHODS).removesuffix("/#")
    admitted = 1 <= len(name) <= MAX_METHOD and not {*"/+#"} & {*name}
    return admitted and topic_filter == f"{_METHODS}{name}/#"
