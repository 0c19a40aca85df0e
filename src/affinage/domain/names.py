"""Names of things, checked once, at the door."""

import re
from typing import Final, NamedTuple

from affinage.domain.errors import Invalid

MAX_ID: Final = 128
"""Characters in an id of a device, a module or a configuration."""

_ID: Final = re.compile(r"[A-Za-z0-9\-:.+%_#*?!(),=@;$']+")
_CONFIGURATION_ID: Final = re.compile(r"[a-z0-9\-+%_*!']+")
_GROUP_NAME: Final = re.compile(r"[a-z0-9\-_.]+")

EDGE_AGENT: Final = "$edgeAgent"
EDGE_HUB: Final = "$edgeHub"
SYSTEM_MODULES: Final = (EDGE_AGENT, EDGE_HUB)


class TwinKey(NamedTuple):
    """Which twin, and which identity: a device's own, or one of its modules'."""

    device: str
    module: str | None = None

    @classmethod
    def parse(cls, path: str) -> "TwinKey":
        """Read it as it is spelled; law: ``TwinKey.parse(key.path) == key``, no id has a slash."""
        device, _, module = path.partition("/")
        return cls(device, module or None)

    @property
    def path(self) -> str:
        """How people and MQTT spell it: ``device`` or ``device/module``."""
        return self.device if self.module is None else f"{self.device}/{self.module}"


def check_id(what: str, value: str) -> str:
    """Give back the id of a device or module, or raise Invalid saying what is wrong with it."""
    return _checked(what, value, _ID, "letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '")


def checked_key(device: str, module: str | None) -> TwinKey:
    """The key of a twin with these ids; Invalid if one of them can be none."""
    return TwinKey(
        check_id("a device", device), None if module is None else check_id("a module", module)
    )


def check_configuration_id(value: str) -> str:
    """Give back the id of a configuration, or raise Invalid saying what is wrong with it."""
    return _checked(
        "a configuration", value, _CONFIGURATION_ID, "lower-case letters, digits and - + % _ * ! '"
    )


def check_group_name(value: str) -> str:
    """Give back the name of a group, or raise Invalid saying what is wrong with it."""
    return _checked("a group", value, _GROUP_NAME, "lower-case letters, digits and - _ .")


def _checked(what: str, value: str, pattern: re.Pattern[str], admitted: str) -> str:
    if len(value) > MAX_ID:
        raise Invalid(f"the id of {what} has {len(value)} of {MAX_ID} characters")
    if not pattern.fullmatch(value):
        raise Invalid(f"{value!r} cannot be the id of {what}: it may hold {admitted}")
    return value
