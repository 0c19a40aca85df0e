"""Which addresses an operator allows: those below one of a list, however they are spelled."""

from collections.abc import Sequence
from posixpath import normpath
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

_PORTS: Final = {"http": 80, "https": 443}


class Allowed:
    """Beginnings of addresses, such as ``https://backup.example/hub``."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._prefixes = [urlsplit(prefix) for prefix in prefixes]

    def admits(self, url: str) -> bool:
        """Whether the address is below one of them; False for what is no address of HTTP."""
        try:
            parts = urlsplit(url)
            return any(_is_below(parts, prefix) for prefix in self._prefixes)
        except ValueError:  # a port or a host that is none
            return False


def _is_below(parts: SplitResult, prefix: SplitResult) -> bool:
    """Whether an address is a prefix's, segment by segment, however it is spelled."""
    path, root = unquote(parts.path), unquote(prefix.path).rstrip("/")
    if "\\" in path or normpath(path or "/") != (path.rstrip("/") or "/"):
        return False
    is_same = (parts.scheme, parts.hostname, _port(parts)) == (
        prefix.scheme, prefix.hostname, _port(prefix),
    )  # fmt: skip
    is_http = parts.scheme in _PORTS and parts.username is None and parts.password is None
    return is_http and is_same and f"{path}/".startswith(f"{root}/")


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)
