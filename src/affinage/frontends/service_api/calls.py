"""What the operations of this door need of the hub."""

from dataclasses import dataclass
from typing import TypeAlias

from affinage.frontends.http import calls
from affinage.frontends.http.calls import Call
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


Operation: TypeAlias = calls.Operation[Services, Call]
