"""One request to the service API of provisioning, as its operations see it."""

from dataclasses import dataclass
from typing import TypeAlias

from affinage.frontends.http import calls
from affinage.frontends.http.paths import raw_path
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.provisioning.enrollments import Enrollments
from affinage.services.provisioning.states import States


@dataclass(frozen=True, slots=True)
class Services:
    """What the door needs of the hub."""

    access: Access
    enrollments: Enrollments
    states: States
    clock: Clock
    ids: Ids


class Call(calls.Call):
    """A request, and what its path is about."""

    @property
    def of_groups(self) -> bool:
        """Whether the path is one of enrollment groups."""
        return raw_path(self.request.scope).lower().startswith("/enrollmentgroups")


Operation: TypeAlias = calls.Operation[Services, Call]
