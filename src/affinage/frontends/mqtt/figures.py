"""What the connections of this door did: how many came, went and why, and what they asked for."""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from affinage.ports.exposition import Family, Kind, Sample, number


class Ending(StrEnum):
    """Why a connection ended, as far as it can be counted by it."""

    GOODBYE = "goodbye"
    """The client said that it goes."""
    LOST = "lost"
    """It went without a word."""
    SILENT = "silent"
    """It said nothing for too long."""
    UNREAD = "unread"
    """It did not read what it was sent."""
    REFUSED = "refused"
    """It was not let in."""
    TAKEN_OVER = "taken_over"
    """The identity has a newer connection."""
    EXPIRED = "expired"
    """Its token has."""
    REVOKED = "revoked"
    """The identity was deleted or disabled, its proof replaced, or nobody vouches for it now."""
    STOPPED = "stopped"
    """The hub did."""
    PROTOCOL = "protocol"
    """It broke a rule of MQTT, or the hub failed it."""


_BEGINNINGS: Final = {
    "the client said goodbye": Ending.GOODBYE,
    "silent for ": Ending.SILENT,
    "refused: ": Ending.REFUSED,
    "taken over ": Ending.TAKEN_OVER,
    "its proof has expired": Ending.EXPIRED,
    "the identity was deleted": Ending.REVOKED,
    "the device was disabled": Ending.REVOKED,
    "the hub stops": Ending.STOPPED,
    "the policy that let it in": Ending.REVOKED,
    "the authority that let it in": Ending.REVOKED,
    "the key or certificate that it came in by": Ending.REVOKED,
}
"""Of the reasons that are given to `MqttConnection.close`."""


def ending_of(reason: str) -> Ending:
    found = (end for text, end in _BEGINNINGS.items() if reason.startswith(text))
    return next(found, Ending.PROTOCOL)


class MqttFigures:
    """Of all connections that share it; since the start."""

    __slots__ = (
        "admitted",
        "closed",
        "messages",
        "opened",
        "reads",
        "refused",
        "reports",
        "subscriptions",
    )

    def __init__(self) -> None:
        self.opened = 0
        self.admitted = 0
        """Those of them whose identity was proven."""
        self.closed: Counter[Ending] = Counter()
        self.reports = self.reads = self.subscriptions = self.messages = 0
        self.refused = 0
        """Reports and reads that were answered with an error."""

    def families(self) -> Iterator[Family]:
        opened = "Connections that were opened."
        yield number("affinage_mqtt_connections_opened_total", Kind.COUNTER, opened, self.opened)
        admitted = "Connections whose identity was proven."
        name = "affinage_mqtt_connections_admitted_total"
        yield number(name, Kind.COUNTER, admitted, self.admitted)
        ends = [Sample(self.closed[ending], [ending]) for ending in Ending]
        closed = "Connections that ended, by reason."
        name = "affinage_mqtt_connections_closed_total"
        yield Family(name, Kind.COUNTER, closed, ends, ["reason"])
        now = self.opened - self.closed.total()
        yield number("affinage_mqtt_connections", Kind.GAUGE, "Connections that are open.", now)
        yield from self._requests()

    def _requests(self) -> Iterator[Family]:
        asked = {
            "report": self.reports,
            "read": self.reads,
            "subscribe": self.subscriptions,
            "message": self.messages,
        }
        samples = [Sample(count, [kind]) for kind, count in asked.items()]
        what = "Reports, reads of twins, changes of subscriptions, and messages."
        yield Family("affinage_mqtt_requests_total", Kind.COUNTER, what, samples, ["kind"])
        what = "Reports and reads that were answered with an error."
        yield number("affinage_mqtt_requests_refused_total", Kind.COUNTER, what, self.refused)
