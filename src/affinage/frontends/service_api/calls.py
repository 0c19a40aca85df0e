"""One request to the service API, as its operations see it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from affinage.domain.names import TwinKey, check_id
from affinage.domain.principal import Principal
from affinage.frontends.http.frame import PRINCIPAL
from affinage.frontends.http.paths import decoded
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.bulk import Bulk
from affinage.services.configurations import Configurations
from affinage.services.contents import Contents
from affinage.services.digital_twins import DigitalTwins
from affinage.services.feedback import FeedbackShelf
from affinage.services.jobs.jobs import Jobs
from affinage.services.keys import Keys
from affinage.services.messages import Messages
from affinage.services.methods import Methods
from affinage.services.notices import NoticeShelf
from affinage.services.queries import Queries
from affinage.services.registry import Registry
from affinage.services.transfers.transfers import Transfers
from affinage.services.twins import Twins


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    registry: Registry
    bulk: Bulk
    keys: Keys
    contents: Contents
    digital_twins: DigitalTwins
    twins: Twins
    methods: Methods
    jobs: Jobs
    transfers: Transfers
    messages: Messages
    shelf: FeedbackShelf
    notices: NoticeShelf
    queries: Queries
    configurations: Configurations
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose sender is known."""

    request: Request
    by: Principal

    @property
    def name(self) -> str:
        """The id in the path; Invalid if it cannot be decoded."""
        return decoded(self.request.path_params["id"])

    @property
    def key(self) -> TwinKey:
        """The identity or twin that the path names; Invalid if none can have such a name."""
        module = self.request.path_params.get("module")
        return TwinKey(
            check_id("a device", self.name),
            None if module is None else check_id("a module", decoded(module)),
        )


Operation = Callable[[Services, Call], Awaitable[Response]]
"""What a method does at a path."""


def called(services: Services, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that makes a `Call` of its request."""

    async def endpoint(request: Request) -> Response:
        return await operation(services, Call(request, request.scope[PRINCIPAL]))

    return endpoint
