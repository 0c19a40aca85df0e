"""What is done at the hubs, and what the device is told of it."""

from typing import Any

import pytest

from affinage.domain.errors import Unavailable
from affinage.domain.etags import ANY
from affinage.ports.webhooks import Reply
from fakes.life import OWNER
from fakes.linked import Linked, MemoryHub
from fakes.looped import looped
from fakes.pki import leaf
from fakes.provisioned import HOST, KEY, OTHER_KEY, Provisioned, provisioned

TAGGED: Any = {"tags": {"ring": "a"}, "properties": {"desired": {"speed": 7}}}
CUSTOM: Any = {
    "allocationPolicy": "custom",
    "customAllocationDefinition": {"webhookUrl": "https://a.test", "apiVersion": "2021-10-01"},
}
STICKY: Any = {"reprovisionPolicy": {"updateHubAssignment": False}}
RESET: Any = {"reprovisionPolicy": {"migrateDeviceData": False}}


def two() -> tuple[MemoryHub, MemoryHub, Linked]:
    one, other = MemoryHub("one.test"), MemoryHub("two.test")
    return one, other, Linked({"one.test": one, "two.test": other})


async def moved(given: Provisioned, **policy: Any) -> Any:
    """The state of a device whose enrollment sends it from one hub to the other."""
    await given.enroll("dev1", iotHubs=["one.test"], initialTwin=TAGGED)
    await given.assigned(given.arrival("dev1"))
    await given.enroll("dev1", again=True, iotHubs=["two.test"], initialTwin=TAGGED, **policy)
    return await given.assigned(given.arrival("dev1"))


@looped
async def test_a_device_takes_its_twin_to_another_hub() -> None:
    """PROV-52"""
    one, other, linked = two()
    async with provisioned(hubs=linked) as given:
        state = await moved(given)
        assert (state["assignedHub"], state["substatus"]) == ("two.test", "deviceDataMigrated")
        assert (list(one.devices), other.devices["dev1"].twin.tags) == ([], {"ring": "a"})
        await given.enroll("dev1", again=True, iotHubs=["one.test"])
        back = await given.assigned(given.arrival("dev1"))
        assert back["substatus"] == "reprovisionedToInitialAssignment"


@looped
async def test_a_device_that_may_not_move_stays() -> None:
    """PROV-53, PROV-54"""
    one, other, linked = two()
    async with provisioned(hubs=linked) as given:
        state = await moved(given, **STICKY)
        assert (state["assignedHub"], state["substatus"]) == ("one.test", "initialAssignment")
        assert (list(one.devices), list(other.devices)) == (["dev1"], [])


@looped
async def test_a_device_whose_data_stay_behind_begins_anew() -> None:
    """PROV-51, PROV-52"""
    one, _, linked = two()
    async with provisioned(hubs=linked) as given:
        state = await moved(given, **RESET)
        assert (state["substatus"], list(one.devices)) == ("deviceDataReset", [])
    async with provisioned() as given:
        await given.enroll("dev1", initialTwin=TAGGED, **RESET)
        await given.assigned(given.arrival("dev1"))
        await given.life.report("dev1", seen=True)
        state = await given.assigned(given.arrival("dev1"))
        twin = given.life.fleet.device("dev1").twin
        assert (state["substatus"], twin.reported.values) == ("deviceDataReset", {})
        assert twin.tags == {"ring": "a"}


@looped
async def test_a_hub_that_is_away_or_gone_fails_the_registration() -> None:
    """PROV-42"""
    one, _, linked = two()
    async with provisioned(hubs=linked) as given:
        await given.enroll("dev1", iotHubs=["one.test"])
        one.is_away = True
        answer: Any = await given.register(given.arrival("dev1"))
        assert (answer.status, answer.state["errorCode"]) == ("failed", 503001)
        one.is_away = False
        await given.assigned(given.arrival("dev1"))
        del linked.by_host["one.test"]
        answer = await given.register(given.arrival("dev1"))
        assert (answer.status, answer.state["errorCode"]) == ("failed", 400208)
        await given.services.states.delete("dev1", if_match=ANY, by=given.owner)


@looped
async def test_a_device_that_its_hub_lost_is_made_anew() -> None:
    """PROV-55"""
    async with provisioned() as given:
        await given.group("cave", initialTwin=TAGGED)
        await given.assigned(given.member("dev1"))
        await given.life.delete("dev1")
        state = await given.assigned(given.member("dev1"))
        assert state["substatus"] == "initialAssignment"
        assert given.life.fleet.device("dev1").twin.tags == {"ring": "a"}


@looped
async def test_a_device_that_is_there_keeps_all_but_its_credentials() -> None:
    """PROV-37, PROV-38"""
    async with provisioned() as given:
        await given.life.create("dev1", tags={"mine": 1})
        before = given.life.fleet.device("dev1")
        await given.enroll("dev1", initialTwin=TAGGED)
        await given.assigned(given.arrival("dev1"))
        after = given.life.fleet.device("dev1")
        assert (after.twin, after.identity.generation) == (before.twin, before.identity.generation)
        own = after.identity.credentials
        assert (own.primary_key, own.secondary_key) == (
            f"sealed {KEY}".encode(),
            f"sealed {OTHER_KEY}".encode(),
        )


@looped
async def test_the_certificate_that_it_showed_is_what_it_connects_with() -> None:
    """PROV-37, PROV-39, PROV-41"""
    async with provisioned() as given:
        made = leaf("dev1")
        proof: Any = {"type": "x509", "x509": {"clientCertificates": {}}}
        proof["x509"]["clientCertificates"]["primary"] = {"certificate": made.pem}
        await given.enroll("dev1", attestation=proof, capabilities={"iotEdge": True})
        state = await given.assigned(given.arrival("dev1", None, chain=[made.der]))
        assert state["x509"]["certificateInfo"]["sha256Thumbprint"] == made.certificate.sha256
        device = given.life.fleet.device("dev1")
        assert device.identity.credentials.primary_thumbprint == made.certificate.sha256
        assert sorted(device.modules) == ["$edgeAgent", "$edgeHub"]


@looped
async def test_a_webhook_chooses_and_says_what_the_device_hears() -> None:
    """PROV-34, PROV-43"""
    async with provisioned() as given:
        twin: Any = {"tags": {"by": "hook"}}
        given.hook.reply = Reply(
            200, {"iotHubHostName": HOST.upper(), "initialTwin": twin, "payload": {"hi": 1}}
        )
        await given.group("cave", initialTwin=TAGGED, **CUSTOM)
        state = await given.assigned(given.member("dev1"), {"serial": 7})
        assert (state["payload"], state["assignedHub"]) == ({"hi": 1}, HOST)
        assert given.life.fleet.device("dev1").twin.tags == {"by": "hook"}
        await given.assigned(given.member("dev1"))
        asked: Any = given.hook.asked
        first, again = (one["deviceRuntimeContext"] for one in asked)
        assert (first["payload"], first["registrationId"]) == ({"serial": 7}, "dev1")
        assert (again["currentIotHubHostName"], again["currentDeviceId"]) == (HOST, "dev1")
        assert KEY not in str(given.hook.asked)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500),
        Reply(0),
        Reply(200, []),
        Reply(200, {}),
        Reply(200, {"iotHubHostName": "other.test"}),
        Reply(200, {"iotHubHostName": HOST, "initialTwin": {"tags": {"a b": 1}}}),
    ],
)
@looped
async def test_a_webhook_that_names_no_hub_fails_the_registration(reply: Reply) -> None:
    """PROV-35"""
    async with provisioned() as given:
        given.hook.reply = reply
        await given.enroll("dev1", **CUSTOM)
        answer: Any = await given.register(given.arrival("dev1"))
        told = f"Custom allocation failed with status code: {reply.status}"
        assert (answer.state["errorCode"], answer.state["errorMessage"]) == (400207, told)


@looped
async def test_what_the_hub_refuses_is_told() -> None:
    """PROV-42"""
    one, _, linked = two()
    async with provisioned(hubs=linked) as given:
        await given.enroll("dev1", iotHubs=["one.test"])
        one.refuses = "no such authentication"
        answer: Any = await given.register(given.arrival("dev1"))
        assert (answer.state["errorCode"], answer.state["errorMessage"]) == (400209, one.refuses)


@looped
async def test_a_registration_goes_on_after_a_restart() -> None:
    """PROV-40, PROV-56"""
    async with provisioned() as given:
        await given.enroll("dev1")
        given.life.disk.hold()
        given.stop()
        given.life.disk.release()
        begun = await given.services.registrations.register(given.arrival("dev1"))
        again = await given.services.registrations.register(given.arrival("dev1"))
        assert (begun.is_final, again.operation_id) == (False, begun.operation_id)
    async with provisioned(given.life) as later:
        assert later.scope == given.scope
        await later.life.turn(50)
        ended = await later.services.registrations.operation(
            later.arrival("dev1"), begun.operation_id
        )
        assert (ended.status, "dev1" in later.life.fleet.ids(9)) == ("assigned", True)


@looped
async def test_an_enrollment_that_goes_meanwhile_ends_the_registration() -> None:
    """PROV-49"""
    ends = []
    for change in ("disable", "delete"):
        async with provisioned() as given:
            await given.group("cave")
            given.stop()
            await given.services.registrations.register(given.member("dev1"))
            if change == "disable":
                await given.group("cave", again=True, provisioningStatus="disabled")
            else:
                await given.services.enrollments.delete(
                    "cave", is_group=True, if_match=None, by=given.owner
                )
        async with provisioned(given.life) as later:
            await later.life.turn(50)
            state = await later.services.states.get("dev1", by=given.owner)
            ends.append((state["status"], state.get("errorCode")))
    assert ends == [("disabled", None), ("failed", 404201)]


@looped
async def test_an_enrollment_that_goes_while_a_webhook_thinks_assigns_nobody() -> None:
    """PROV-49, PROV-50"""
    async with provisioned() as given:
        changes: list[Any] = [{"provisioningStatus": "disabled"}, {"initialTwin": TAGGED}]

        async def meanwhile() -> None:
            if changes:
                await given.group("cave", again=True, **CUSTOM, **changes.pop())

        given.hook.meanwhile = meanwhile
        await given.group("cave", **CUSTOM)
        await given.services.registrations.register(given.member("dev1"))
        await given.life.turn(50)
        state = await given.services.states.get("dev1", by=given.owner)
        assert (state["status"], len(given.hook.asked)) == ("disabled", 2)
        assert [*given.life.fleet.ids(9)] == []
        await given.group("cave", again=True, **CUSTOM)
        changes = [{"initialTwin": TAGGED}]
        await given.assigned(given.member("dev1"))
        assert given.life.fleet.device("dev1").twin.tags == {"ring": "a"}


@looped
async def test_a_commit_that_fails_is_tried_again_when_the_device_asks() -> None:
    """PROV-56"""
    async with provisioned() as given:
        await given.enroll("dev1")
        begun = await given.services.registrations.register(given.arrival("dev1"))
        given.life.disk.fails = True
        await given.life.turn(50)
        with pytest.raises(Unavailable):
            await given.enroll("dev2")
        given.life.disk.fails = False
        operation = given.services.registrations.operation
        assert not (await operation(given.arrival("dev1"), begun.operation_id)).is_final
        await given.life.turn(50)
        ended = await operation(given.arrival("dev1"), begun.operation_id)
        assert ended.status == "assigned"


@looped
async def test_it_is_known_beforehand_whether_others_are_asked() -> None:
    """PROV-48"""
    own, other = MemoryHub(HOST), MemoryHub("two.test")
    async with provisioned(hubs=Linked({HOST: own, "two.test": other})) as given:
        asks = given.services.registrations._assigning.asks_others
        await given.enroll("near", iotHubs=[HOST])
        await given.enroll("far", iotHubs=["two.test"])
        await given.enroll("custom", iotHubs=[HOST], **CUSTOM)
        await given.enroll("moving", iotHubs=["two.test"])
        await given.assigned(given.arrival("moving"))
        await given.enroll("moving", again=True, iotHubs=[HOST])
        given.stop()
        for name in ("near", "far", "custom", "moving"):
            await given.services.registrations.register(given.arrival(name))
        begun = given.services.book.registrations()
        wanted = {"near": False, "far": True, "custom": True, "moving": True}
        assert {of.id: asks(of) for of in begun} == wanted
        near = given.services.book.registration("near")
        await given.services.enrollments.delete("near", is_group=False, if_match=None, by=OWNER)
        assert near is not None
        assert not asks(near)
