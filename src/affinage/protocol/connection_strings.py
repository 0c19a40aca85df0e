"""Connection strings: where a hub is and how to prove oneself to it, in one line of text.

Source: docs/spec/tokens.md, TOKEN-11 and TOKEN-12.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Self

from affinage.protocol.errors import ProtocolError

_FIELDS: Final = {
    "HostName": "host",
    "GatewayHostName": "gateway",
    "DeviceId": "device",
    "ModuleId": "module",
    "SharedAccessKeyName": "policy",
    "SharedAccessKey": "key",
    "x509": "x509",
}


@dataclass(frozen=True, slots=True)
class ConnectionString:
    """Of a shared-access policy (``policy`` and ``key``) or of an identity (``device``)."""

    host: str
    device: str | None = None
    module: str | None = None
    policy: str | None = None
    key: str | None = field(default=None, repr=False)
    """Base64; None where an X.509 certificate is the proof."""
    gateway: str | None = None
    """The host to connect to, where it is not ``host`` itself."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a connection string; law: ``parse(string.text) == string``.

        Raises:
            ProtocolError: a name is unknown, doubled or missing. The message never holds a value.
        """
        found: dict[str, str] = {}
        for name, value in _pairs(text):
            if name not in _FIELDS:
                raise ProtocolError(f"a connection string knows no {name[:40]!r}")
            if _FIELDS[name] in found:
                raise ProtocolError(f"a connection string with two {name}")
            found[_FIELDS[name]] = value
        found = {attribute: value for attribute, value in found.items() if value}
        by_certificate = found.pop("x509", "").lower() == "true"
        if missing := _missing(found, by_certificate=by_certificate):
            raise ProtocolError(f"a connection string without {missing}")
        return cls(**found)

    @property
    def text(self) -> str:
        """The line itself, with the key in it: not for logs."""
        values = {attribute: getattr(self, attribute) for attribute in self.__slots__}
        values["x509"] = None if self.key else "true"
        pairs = ((name, values[attribute]) for name, attribute in _FIELDS.items())
        return ";".join(f"{name}={value}" for name, value in pairs if value is not None)

    @property
    def resource(self) -> str:
        """What a token made from it must name: the identity, or for a policy the whole hub."""
        if self.device is None:
            return self.host
        module = "" if self.module is None else f"/modules/{self.module}"
        return f"{self.host}/devices/{self.device}{module}"


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in text.strip().split(";"):
        if part:
            name, _, value = part.partition("=")
            yield name.strip(), value.strip()


def _missing(found: dict[str, str], *, by_certificate: bool) -> str | None:
    if not found.get("host"):
        return "HostName"
    if not found.get("device") and not found.get("policy"):
        return "DeviceId or SharedAccessKeyName"
    if found.get("module") and not found.get("device"):
        return "DeviceId"
    if not found.get("key") and not (by_certificate and found.get("device")):
        return "SharedAccessKey"
    return None
