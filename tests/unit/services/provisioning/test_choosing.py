"""Which hub a device gets, and what a webhook is told."""

from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.provisioning.registration import Asked, Assignment, Substatus, begun
from affinage.ports.webhooks import Reply
from affinage.services.provisioning.choosing import (
    CUSTOM_FAILED,
    MAX_PAYLOAD,
    NO_HUB,
    Choosing,
    NotChosen,
)
from fakes.enrolled import create
from fakes.looped import looped
from fakes.pki import leaf
from fakes.provisioned import HOST, Hook

CUSTOM: Any = {
    "allocationPolicy": "custom",
    "customAllocationDefinition": {"webhookUrl": "https://a.test", "apiVersion": "1"},
}
LINKED = {HOST: 1, "two.test": 1}


def registration(**asked: Any) -> Any:
    return begun(None, "dev1", create(), Asked("dev1", **asked), operation="4", etag=1, at=1)


async def chosen(hook: Hook, of: Any = None, **body: Any) -> Any:
    return await Choosing(hook).choose(of or registration(), create(**body), LINKED)


@looped
async def test_without_a_webhook_the_enrollment_says_where() -> None:
    """PROV-30, PROV-33"""
    assert (await chosen(Hook(), iotHubs=["two.test"])).hub == "two.test"
    with pytest.raises(NotChosen) as refused:
        await chosen(Hook(), iotHubs=["three.test"])
    assert refused.value.code == NO_HUB


@looped
async def test_a_webhook_is_told_who_comes_and_where_it_is() -> None:
    """PROV-34"""
    hook = Hook()
    at = Assignment("two.test", "press", Substatus.INITIAL, "two.test")
    of = replace(registration(payload={"a": 1}), assignment=at)
    assert (await chosen(hook, of, **CUSTOM)).hub == HOST
    (asked,) = hook.asked
    assert asked["linkedHubs"] == [*LINKED]
    assert asked["deviceRuntimeContext"] == {
        "registrationId": "dev1",
        "symmetricKey": {},
        "currentIotHubHostName": "two.test",
        "currentDeviceId": "press",
        "payload": {"a": 1},
    }


@looped
async def test_a_webhook_is_told_what_the_device_showed_and_no_key() -> None:
    """PROV-34: from the first time on."""
    hook, shown = Hook(), leaf("dev1")
    await chosen(hook, registration(leaf=shown.der), **CUSTOM)
    await chosen(hook, registration(endorsement_key="ek"), **CUSTOM)
    certified, with_tpm = (asked["deviceRuntimeContext"]["symmetricKey"] for asked in hook.asked)
    assert certified["certificateInfo"]["sha256Thumbprint"] == shown.certificate.sha256
    assert with_tpm == {"endorsementKey": "ek"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(302),
        Reply(200, {"iotHubHostName": "three.test"}),
        Reply(200, {"iotHubHostName": HOST, "initialTwin": {"tags": {"a b": 1}}}),
        Reply(200, {"iotHubHostName": HOST, "initialTwin": "none"}),
        Reply(200, {"iotHubHostName": HOST, "payload": [1]}),
        Reply(200, {"iotHubHostName": HOST, "payload": {"a": "x" * MAX_PAYLOAD}}),
    ],
)
@looped
async def test_whatever_else_it_says_chooses_nothing(reply: Reply) -> None:
    """PROV-35"""
    with pytest.raises(NotChosen, match=f"status code: {reply.status}") as refused:
        await chosen(Hook(reply), **CUSTOM)
    assert refused.value.code == CUSTOM_FAILED
