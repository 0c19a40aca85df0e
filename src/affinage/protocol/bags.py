"""Property bags: ``name=value&name=value``, percent-encoded, as topics and user names carry them.

Source: docs/spec/mqtt.md, MQTT-20 and MQTT-21.
"""

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import quote, unquote

Bag: TypeAlias = dict[str, str | None]
"""In the order written; None for a name that stands alone, without ``=``."""


def parse_bag(text: str) -> Bag:
    """Read a bag; of a doubled name the first counts. No text is malformed."""
    bag: Bag = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if part:
            bag.setdefault(unquote(name), unquote(value) if equals else None)
    return bag


def format_bag(bag: Mapping[str, str | None]) -> str:
    """Write a bag; law: ``parse_bag(format_bag(bag)) == bag``, if no name is empty and alone."""
    return "&".join(_pair(name, value) for name, value in bag.items())


def _pair(name: str, value: str | None) -> str:
    encoded = quote(name, safe="")
    return encoded if value is None else f"{encoded}={quote(value, safe='')}"
