"""apps/provisioning.py: what a hub's settings make of provisioning."""

import pytest

from affinage.apps.provisioning import provisioning
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject
from affinage.services.provisioning.provisioning import Provisioning
from fakes.life import OWNER, Life, living
from fakes.looped import looped


def made(life: Life) -> Provisioning:
    return provisioning(
        "Hub.test",
        ["https://choose.test"],
        life.fleet,
        life.authorities,
        vault=life.vault,
        clock=life.clock,
        doors=life.clock,
        ids=life.ids,
        limits=life.limits,
    )


@looped
async def test_the_hub_is_its_own_first_and_links_others_as_they_can_be_reached() -> None:
    """LINK-3, LINK-5."""
    async with living() as life:
        found = made(life)
        await found.open()
        assert found.links.weights() == {"hub.test": 1}
        string = "HostName=h2.test;SharedAccessKeyName=a;SharedAccessKey=c2l4dGVlbiBieXRlcw=="
        body: JsonObject = {"connectionString": string, "certificate": "no certificate"}
        with pytest.raises(Invalid, match="PEM"):
            await found.links.put("h2.test", body, if_match=None, by=OWNER)
        await found.close()


@looped
async def test_webhooks_are_those_that_the_settings_allow() -> None:
    async with living() as life:
        found = made(life)
        await found.open()
        definition: JsonObject = {"webhookUrl": "https://other.test/", "apiVersion": "2021-10-01"}
        enrollment: JsonObject = {
            "attestation": {"type": "symmetricKey"},
            "allocationPolicy": "custom",
            "customAllocationDefinition": definition,
        }
        with pytest.raises(Invalid, match="webhook"):
            await found.enrollments.put("dev1", enrollment, is_group=False, if_match=None, by=OWNER)
        await found.close()
