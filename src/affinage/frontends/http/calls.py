"""One request whose sender is known, as the operations of a door see it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.names import TwinKey, checked_key
from affinage.domain.principal import Principal
from affinage.frontends.http.paths import decoded


@dataclass(frozen=True, slots=True)
class Call:
    """A request and its sender; a door that reads more out of one derives its own."""

    request: Request
    by: Principal

    def segment(self, name: str) -> str:
        """A part of the path; Invalid if it cannot be decoded."""
        return decoded(self.request.path_params[name])

    @property
    def name(self) -> str:
        """The id in the path; Invalid if it cannot be decoded."""
        return self.segment("id")

    @property
    def key(self) -> TwinKey:
        """The device or module that the path names; Invalid if none can have such a name."""
        has_module = "module" in self.request.path_params
        return checked_key(self.name, self.segment("module") if has_module else None)


def peer_chain(request: Request) -> Sequence[bytes]:
    """The certificates that the client showed, DER, its own first."""
    return request.scope.get("state", {}).get("peer_certificate") or ()


ServicesT = TypeVar("ServicesT")
CallT = TypeVar("CallT", bound=Call)

Operation: TypeAlias = Callable[[ServicesT, CallT], Awaitable[Response]]
"""What a method does at a path, with what a door needs of the hub."""
