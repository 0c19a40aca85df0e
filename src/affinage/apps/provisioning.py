"""Provisioning of a hub, built from its settings."""

from collections.abc import Sequence

from affinage.adapters.http.hubs import Dialling
from affinage.adapters.http.webhooks import HttpWebhooks
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids
from affinage.ports.vault import Vault
from affinage.services.authorities import Authorities
from affinage.services.fleet.fleet import Fleet
from affinage.services.limits import Limits
from affinage.services.provisioning.provisioning import Provisioning


def provisioning(
    host: str,
    webhook_urls: Sequence[str],
    fleet: Fleet,
    authorities: Authorities,
    *,
    vault: Vault,
    clock: Clock,
    doors: Clock,
    ids: Ids,
    limits: Limits,
) -> Provisioning:
    """Who registers here is given to this hub, by that name, or to one linked to it.

    Args:
        clock: of what is done, and when.
        doors: who comes is judged by it, and tokens for hubs elsewhere are made by it.
    """
    return Provisioning(
        fleet,
        host,
        vault=vault,
        clock=clock,
        doors=doors,
        ids=ids,
        limits=limits,
        authorities=authorities,
        webhooks=HttpWebhooks(webhook_urls),
        dial=Dialling(doors),
    )
