"""What provisioning asks of the hubs that it gives devices to: its own one, and those linked to it.

Everything asked may be asked twice: a registration that was cut off is carried out again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from affinage.domain.principal import Principal
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString


@dataclass(frozen=True, slots=True)
class TwinContent:
    """What of a twin a device begins with, or takes along to another hub."""

    tags: JsonObject = field(default_factory=dict)
    desired: JsonObject = field(default_factory=dict)
    reported: JsonObject = field(default_factory=dict)
    """A hub that cannot be told what was reported leaves it to the device to report again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device as a hub must have it."""

    device_id: str
    authentication: JsonObject = field(repr=False)
    """As in a registry's document: ``type`` with ``symmetricKey`` (in the clear) or
    ``x509Thumbprint``."""
    iot_edge: bool = False
    twin: TwinContent = TwinContent()
    """Of a device that is new there; the twin of one that is there stays as it is."""


class LinkedHub(Protocol):
    """One hub. Each method raises Unavailable if it cannot be reached: nothing is known then."""

    @property
    def host(self) -> str:
        """The name that devices connect to: ``assignedHub``."""
        ...

    async def find(self, device_id: str, *, by: Principal) -> TwinContent | None:
        """The twin of a device; None if the hub does not have it."""
        ...

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        """Create the device with its twin, as one; of one that is there, write the credentials.

        Status, twin and modules of a device that is there stay as they are.

        Raises:
            Invalid, TooLarge and their kin: the hub refuses it, and would again.
        """
        ...

    async def remove(self, device_id: str, *, by: Principal) -> None:
        """Delete the device with its twin; one that is not there is fine."""
        ...


class LinkedHubs(Protocol):
    """All hubs that devices may be given to."""

    def weights(self) -> Mapping[str, int]:
        """Every hub by its host, in lower case, with its weight: 1 to 1000."""
        ...

    def find(self, host: str) -> LinkedHub | None:
        """The hub of that name, in any case; None if it is not linked (any more)."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """How another hub is reached."""

    string: ConnectionString
    """Of a policy that may read and write its registry, and its twins."""
    port: int
    certificate: str | None = None
    """The authority in PEM that it must be of; None for those of the system."""


class RemoteHub(LinkedHub, Protocol):
    """A linked hub that is another process."""

    async def close(self) -> None:
        """Hang up; what is asked meanwhile may fail."""
        ...


class Dial(Protocol):
    def __call__(self, reach: Reach) -> RemoteHub:
        """What asks that hub; it is not connected to yet. Invalid if ``reach`` can never work."""
        ...
