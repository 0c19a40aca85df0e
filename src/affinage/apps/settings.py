"""What a hub can be told: defaults, a file, and the command line over both."""

import ipaddress
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

from affinage.domain.configuration import MAX_CONFIGURATIONS
from affinage.domain.errors import Invalid

DEFAULT_DATA: Final = Path("affinage-data")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """How one hub runs. Every name is also a key of the settings file."""

    data: Path = DEFAULT_DATA
    """The data folder: the store, keys and certificates; made at the first start."""
    hostnames: tuple[str, ...] = ("localhost",)
    """The names clients use, the first one in connection strings; all are in the certificate."""
    host: str = "127.0.0.1"
    """The address to listen on; ``0.0.0.0`` is all of them."""
    https_port: int = 8443
    """The port of the service API; the public SDKs insist on 443. 0 is any free one."""
    mqtt_port: int = 8883
    """The port of MQTT; the public SDKs insist on 8883. 0 is any free one."""
    certificate: Path | None = None
    """PEM file with the server's certificate; None has the hub make and renew one."""
    key: Path | None = None
    """PEM file with the certificate's key."""
    max_configurations: int = MAX_CONFIGURATIONS
    """Configurations and deployments that the hub admits."""

    @classmethod
    def read(cls, file: Path | None, **given: Any) -> Self:
        """Defaults, then the file, then what was given; None was not.

        Raises:
            Invalid: the file is no TOML, or names a setting that there is not.
        """
        settings = cls() if file is None else cls()._with(_content(file), str(file))
        return settings._with({name: v for name, v in given.items() if v is not None}, "")

    @property
    def certified(self) -> tuple[str, ...]:
        """What the server's certificate must name: the host names, and the address listened on."""
        reachable = ipaddress.ip_address(self.host).is_unspecified
        return tuple(dict.fromkeys((*self.hostnames, *(() if reachable else (self.host,)))))

    def _with(self, values: dict[str, Any], source: str) -> Self:
        known = {field.name: field.type for field in fields(self)}
        if unknown := sorted(values.keys() - known):
            raise Invalid(f"{source} has no setting {unknown[0]}: there are {', '.join(known)}")
        return replace(self, **{name: _converted(name, value) for name, value in values.items()})


def _content(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} cannot be read: {error}") from error


def _converted(name: str, value: Any) -> Any:
    match name:
        case "data" | "certificate" | "key":
            return Path(value)
        case "hostnames":
            return tuple(value)
        case _:
            return value
