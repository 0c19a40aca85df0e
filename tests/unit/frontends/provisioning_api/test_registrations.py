"""`/registrations`, as back ends ask for what became of devices."""

import asyncio

from affinage.protocol.tokens import make_token
from affinage.services.provisioning.arrivals import Arrival
from fakes.hub import Hub, running_hub
from fakes.looped import looped
from fakes.provisioned import EXPIRY, HOST, KEY, SYMMETRIC


async def registered(hub: Hub, name: str) -> None:
    scope = hub.provisioning.id_scope
    arrival = Arrival(scope, name, make_token(f"{scope}/registrations/{name}", KEY, EXPIRY))
    answer = await hub.provisioning.registrations.register(arrival)
    while not answer.is_final:
        await asyncio.sleep(0)
        hub.clock.advance(answer.retry_after_s or 0)
        answer = await hub.provisioning.registrations.operation(arrival, answer.operation_id)


@looped
async def test_one_is_read_and_forgotten() -> None:
    """PROV-26, PROV-27"""
    async with running_hub() as hub:
        await hub.put("/enrollments/press-7", {"attestation": SYMMETRIC})
        await registered(hub, "press-7")
        state = await hub.get("/registrations/Press-7")
        assert (state["status"], state["assignedHub"]) == ("assigned", HOST)
        gone = await hub.ask("DELETE", "/registrations/press-7", etag=state["etag"])
        assert gone.status_code == 204
        refused = await hub.ask("GET", "/registrations/press-7")
        assert (refused.status_code, refused.json()["errorCode"]) == (404, 404202)


@looped
async def test_those_of_a_group_come_in_pages() -> None:
    """PROV-28"""
    async with running_hub() as hub:
        await hub.put("/enrollmentGroups/cave", {"attestation": SYMMETRIC})
        page = await hub.ask("POST", "/registrations/CAVE/query")
        assert (page.status_code, page.json()) == (200, [])
        assert page.headers["x-ms-item-type"] == "deviceRegistrationState"
