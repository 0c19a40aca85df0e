"""Provisioning of a hub without sockets, and its door for back ends."""

from starlette.applications import Starlette

from affinage.adapters.http.hubs import Dialling
from affinage.frontends.http.figures import HttpFigures
from affinage.frontends.provisioning_api.app import create_app
from affinage.frontends.provisioning_api.calls import Services
from affinage.ports.clock import Clock
from affinage.services.access import Access
from affinage.services.fleet.fleet import Fleet
from affinage.services.provisioning.provisioning import Provisioning
from fakes.clock import FixedClock
from fakes.ids import CountingIds
from fakes.provisioned import Believed, Hook
from fakes.vault import OpenVault


async def opened(fleet: Fleet, host: str, clock: FixedClock, ids: CountingIds) -> Provisioning:
    """Over a fleet that runs; `run` it."""
    vault = OpenVault()
    found = Provisioning(
        fleet,
        host,
        authorities=Believed(),
        webhooks=Hook(),
        dial=Dialling(clock),
        vault=vault,
        clock=clock,
        doors=clock,
        ids=ids,
    )
    await found.open()
    return found


def door(of: Provisioning, access: Access, clock: Clock, figures: HttpFigures) -> Starlette:
    """What back ends ask."""
    return create_app(Services(access, of.enrollments, of.states, clock, CountingIds()), figures)
