"""Who a client says it is: the client id and the user name of a CONNECT, and its topics' root.

What the names mean and whether they exist is not decided here.

Source: docs/spec/mqtt.md, MQTT-10 to MQTT-14.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from affinage.protocol.bags import Bag, format_bag, parse_bag
from affinage.protocol.errors import ProtocolError

API_VERSION: Final = "2021-04-12"
"""What our own clients say; the hub lets any pass."""

MAX_NAME: Final = 128
"""Characters in the name of a device or module: nobody has a longer one."""


class Identity(NamedTuple):
    """A device, or one of its modules, as topics and client ids name it."""

    device: str
    module: str | None = None

    @property
    def client_id(self) -> str:
        return self.device if self.module is None else f"{self.device}/{self.module}"

    @property
    def root(self) -> str:
        """What its own topics begin with, and its tokens name below the host."""
        if self.module is None:
            return f"devices/{self.device}"
        return f"devices/{self.device}/modules/{self.module}"


@dataclass(frozen=True, slots=True)
class Username:
    host: str
    identity: Identity
    properties: Bag
    """As ``api-version``, ``DeviceClientType``, ``model-id``; names as sent."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``host/device[/module]`` and an optional last segment of properties.

        Raises:
            ProtocolError: a part is missing, empty, too long, or one too many.
        """
        host, *names = text.split("/")
        bag = names.pop() if names and _is_bag(names[-1]) else ""
        if not host or not 1 <= len(names) <= len(Identity._fields) or "" in names:
            raise ProtocolError("a user name is not host/device[/module][/?properties]")
        if (longest := max(map(len, names))) > MAX_NAME:  # a stranger's is written to the log
            raise ProtocolError(f"a user name with a name of {longest} of {MAX_NAME} characters")
        return cls(host, Identity(*names), parse_bag(bag.removeprefix("?")))

    @property
    def text(self) -> str:
        return f"{self.host}/{self.identity.client_id}/?{format_bag(self.properties)}"


def _is_bag(segment: str) -> bool:
    return segment.startswith("?") or "api-version=" in segment  # MQTT-12: the old form has no `?`
