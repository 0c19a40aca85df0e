"""Where the feed is forwarded to: what a target is told, under which name, and when again.

Decided here: which events a target wants, and how long to leave one alone that fails. Not here:
how it is reached.

Source: docs/spec/forwarding.md.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from affinage.domain.errors import Invalid
from affinage.domain.happening import Kind
from affinage.domain.values import JsonObject

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
"""Before a target that failed is tried again: each pause is twice the one before."""

LONGEST_WISH_S: Final = 300.0
"""For which a target may ask to be left alone."""

_NAME: Final = re.compile("[a-z0-9][a-z0-9-]{0,62}")
_PART: Final = r"(?:[^\s.*>{}]|\{kind\}|\{device\})+"
_SUBJECT: Final = re.compile(rf"{_PART}(?:\.{_PART})*")
_SCHEMES: Final = ("http", "https", "nats", "tls")
_MOST_DOUBLINGS: Final = 10


@dataclass(frozen=True, slots=True)
class Target:
    """One place that is told; every name is also a key of its table in the settings file."""

    name: str
    """Of its own: where it has got to is kept under it."""
    url: str
    """``https://…`` or ``http://…`` of who takes POSTs, ``nats://…`` or ``tls://…`` of NATS."""
    kinds: tuple[str, ...] = ()
    """The kinds of events that it is told; all if there are none."""
    token_file: str | None = None
    """A file with what it is shown as a bearer token."""
    ca: str | None = None
    """PEM file with the authority that its certificate ends at; None for the system's."""
    subject: str = "affinage.{kind}.{device}"
    """Of NATS: what each event is published under."""
    jetstream: bool = False
    """Of NATS: whether a stream has to confirm each event."""

    def __post_init__(self) -> None:
        """Raises Invalid where something could not be meant; no message holds the address."""
        if not _NAME.fullmatch(self.name):
            raise Invalid(f"forward: name {self.name[:64]!r} is not of a-z, 0-9 and -")
        where = urlsplit(self.url)
        if where.scheme not in _SCHEMES or not where.hostname:
            raise Invalid(f"forward {self.name}: url does not begin as https://host or nats://host")
        if where.username is not None or where.password is not None:
            raise Invalid(f"forward {self.name}: url holds a password, put it into token_file")
        if self.token_file and where.scheme in ("http", "nats"):
            raise Invalid(f"forward {self.name}: a token goes over https or tls only")
        if unknown := sorted({*self.kinds} - {*Kind}):
            raise Invalid(f"forward {self.name}: {unknown[0]!r} is none of {', '.join(Kind)}")
        if not _SUBJECT.fullmatch(self.subject):
            raise Invalid(f"forward {self.name}: subject {self.subject!r} is no subject of NATS")

    @property
    def is_nats(self) -> bool:
        return urlsplit(self.url).scheme in ("nats", "tls")

    @property
    def kind(self) -> str | None:
        """The kind that it wants, if it is but one."""
        return self.kinds[0] if len(self.kinds) == 1 else None

    def wants(self, event: JsonObject) -> bool:
        return not self.kinds or event["kind"] in self.kinds


def subject_of(template: str, event: JsonObject) -> str:
    """What an event is published under: no id can make it another's, or a wildcard. FORWARD-9."""
    device = str(event.get("deviceId", "_"))
    token = quote(device, safe="").replace(".", "%2E")
    return template.replace("{kind}", str(event["kind"])).replace("{device}", token)


def pause_s(failures: int, wish_s: float | None = None) -> float:
    """How long to leave a target alone that has failed so often in a row; 1 is the first time.

    Args:
        failures: how often.
        wish_s: what the target asked for, if it did.
    """
    own: float = FIRST_PAUSE_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)
    return max(min(own, LONGEST_PAUSE_S), min(wish_s or 0.0, LONGEST_WISH_S))
