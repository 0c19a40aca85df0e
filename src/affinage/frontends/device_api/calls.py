"""What the operations of this door need of the hub."""

from dataclasses import dataclass
from typing import TypeAlias

from affinage.frontends.http import calls
from affinage.frontends.http.calls import Call
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.services.access import Access
from affinage.services.edge_scopes import EdgeScopes
from affinage.services.messages import Messages
from affinage.services.own_modules import OwnModules
from affinage.services.telemetry import Telemetry
from affinage.services.uploads import Uploads
from affinage.services.visits import Visits


@dataclass(frozen=True, slots=True)
class Services:
    access: Access
    visits: Visits
    telemetry: Telemetry
    messages: Messages
    own_modules: OwnModules
    scopes: EdgeScopes
    uploads: Uploads
    clock: Clock
    ids: Ids


Operation: TypeAlias = calls.Operation[Services, Call]
