"""A device's connection, over real TLS, to a hub that may fail in every way."""

import asyncio
import ssl
from collections.abc import Callable

import pytest

from affinage.clients.device import DeviceClient, DeviceOptions, DeviceTwin, connect
from affinage.clients.listening import Invocation, Message, OnMessage, OnMethod, Result
from affinage.clients.trust import trust
from affinage.domain.errors import Invalid, Unauthorized, Unavailable
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from affinage.protocol.errors import ProtocolError
from affinage.protocol.identities import Identity, Username
from affinage.protocol.mqtt.packets import Publish, Subscribe
from affinage.protocol.topics import DeviceBound, MethodAnswer, MethodRequest, TwinResponse
from fakes.authority import authority
from fakes.looped import looped
from fakes.mqtt_hub import KEY, FakeHub, fake_hub

OTHER_KEY = "YW5vdGhlciBrZXkgb2Ygc2l4dGVlbiBieXRlcw=="


def options(hub: FakeHub, **chosen: object) -> DeviceOptions:
    context = trust(authority().ca_file)
    return DeviceOptions(context, hub.port, "127.0.0.1", **chosen)  # type: ignore[arg-type]


async def connected(
    hub: FakeHub,
    name: str = "pump-1",
    *,
    key: str = KEY,
    on_desired: Callable[[JsonObject, int], None] = lambda _patch, _version: None,
    on_lost: Callable[[], None] = lambda: None,
    on_method: OnMethod | None = None,
    on_message: OnMessage | None = None,
    **chosen: object,
) -> DeviceClient:
    return await connect(
        hub.string(name, key),
        options(hub, **chosen),
        now=hub.now,
        on_desired=on_desired,
        on_lost=on_lost,
        on_method=on_method,
        on_message=on_message,
    )


@looped
async def test_a_device_proves_itself_keeps_its_session_and_subscribes_to_its_twin() -> None:
    async with fake_hub() as hub:
        device = await connected(hub, agent="cave/1")
        (greeting,) = hub.connects
        assert not greeting.clean
        assert Username.parse(greeting.username or "").properties["DeviceClientType"] == "cave/1"
        (asked,) = (packet for packet in hub.heard if isinstance(packet, Subscribe))
        assert {text for text, _ in asked.filters} == {
            "$iothub/twin/res/#",
            "$iothub/twin/PATCH/properties/desired/#",
        }
        assert device.is_open
        await device.close()
        await hub.until(lambda: hub.goodbyes == 1)
        assert not device.is_open


@looped
async def test_a_twin_is_read_without_its_dollar_members() -> None:
    async with fake_hub() as hub:
        hub.desire("pump-1", {"firmware": {"fwVersion": "2"}})
        hub.twin("pump-1").reported = {"rate": 5}
        device = await connected(hub)
        twin = await device.get_twin()
        assert twin == DeviceTwin({"firmware": {"fwVersion": "2"}}, 2, {"rate": 5}, 1)
        await device.close()


@looped
async def test_a_report_gives_the_new_version() -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        assert await device.report({"recipe": "comté"}) == 2
        assert await device.report({"recipe": None}) == 3
        assert hub.twin("pump-1").patches == [{"recipe": "comté"}, {"recipe": None}]
        await device.close()


@looped
async def test_desired_patches_are_told_in_order_with_their_versions() -> None:
    told: list[tuple[JsonObject, int]] = []
    async with fake_hub() as hub:
        device = await connected(hub, on_desired=lambda *patch: told.append(patch))
        hub.desire("pump-1", {"rate": 5})
        hub.desire("pump-1", {"rate": None, "$odd": 1})
        await device.get_twin()  # its answer leaves after them
        assert told == [({"rate": 5}, 2), ({"rate": None}, 3)]
        await device.close()


@looped
async def test_a_module_connects_as_its_own_identity() -> None:
    async with fake_hub() as hub:
        string = ConnectionString(hub.string("d").host, device="d", module="m", key=KEY)
        device = await connect(
            string, options(hub), now=0, on_desired=lambda *_: None, on_lost=lambda: None
        )
        assert device.name == "d/m"
        assert [*hub.doors] == ["d/m"]
        await device.close()


@looped
async def test_a_device_with_a_certificate_sends_no_password() -> None:
    async with fake_hub() as hub:
        string = ConnectionString(hub.string("d").host, device="d")
        with pytest.raises(Unauthorized):
            await connect(
                string, options(hub), now=0, on_desired=lambda *_: None, on_lost=lambda: None
            )
        assert hub.connects[0].password is None


@looped
async def test_a_wrong_key_is_refused_without_telling_it() -> None:
    async with fake_hub() as hub:
        with pytest.raises(Unauthorized, match="does not admit pump-1") as caught:
            await connected(hub, key=OTHER_KEY)
        assert OTHER_KEY not in str(caught.value)


@pytest.mark.parametrize(("code", "error"), [(3, Unavailable), (2, Invalid), (5, Unauthorized)])
@looped
async def test_each_refusal_says_what_to_do(code: int, error: type[Exception]) -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        hub.connack = code
        with pytest.raises(error):
            await connected(hub, on_lost=lambda: lost.append("lost"))
    assert not lost


@looped
async def test_a_subscription_that_is_not_granted_is_no_connection() -> None:
    async with fake_hub() as hub:
        hub.suback = 0x80
        with pytest.raises(Invalid, match=r"not subscribe to \$iothub/twin/res/#, "):
            await connected(hub)


@looped
async def test_a_hub_that_cannot_prove_its_name_is_not_believed() -> None:
    async with fake_hub() as hub:
        string = ConnectionString("cellar.test", device="pump-1", key=KEY)
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(
                string, options(hub), now=0, on_desired=lambda *_: None, on_lost=lambda: None
            )
        assert not hub.connects


@looped
async def test_a_hub_of_another_authority_is_not_believed() -> None:
    async with fake_hub() as hub:
        strict = DeviceOptions(trust(), hub.port, "127.0.0.1")
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(
                hub.string("d"), strict, now=0, on_desired=lambda *_: None, on_lost=lambda: None
            )


@looped
async def test_where_nobody_listens_there_is_no_connection() -> None:
    async with fake_hub() as hub:
        pass
    with pytest.raises(Unavailable, match=f"pump-1 cannot reach 127.0.0.1:{hub.port}"):
        await connected(hub)


@looped
async def test_an_error_of_the_hub_is_raised_with_its_reason() -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        hub.status = 400
        with pytest.raises(Invalid, match="pump-1: the hub answers 400: no, thanks"):
            await device.report({"a.b": 1})
        with pytest.raises(Invalid):
            await device.get_twin()
        await device.close()


@looped
async def test_a_hub_that_does_not_answer_is_unavailable() -> None:
    async with fake_hub() as hub:
        device = await connected(hub, timeout_s=0.05)
        hub.is_mute = True
        with pytest.raises(Unavailable, match=r"pump-1: no answer within 0\.05 s"):
            await device.get_twin()
        device.abort()


@looped
async def test_a_lost_connection_is_told_once_and_fails_what_waits() -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        device = await connected(hub, on_lost=lambda: lost.append("lost"))
        hub.is_mute = True
        with pytest.raises(Unavailable, match="pump-1 lost its connection"):
            await asyncio.gather(device.get_twin(), cut_when_asked(hub))
        assert lost == ["lost"]
        with pytest.raises(Unavailable, match="pump-1 is not connected"):
            await device.report({})
        await device.close()
        assert lost == ["lost"]


async def cut_when_asked(hub: FakeHub) -> None:
    await hub.until(lambda: isinstance(hub.heard[-1], Publish))
    hub.cut("pump-1")


@looped
async def test_what_ends_by_our_own_wish_is_not_told_as_lost() -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        device = await connected(hub, on_lost=lambda: lost.append("lost"))
        device.abort()
        await hub.until(lambda: not hub.doors)
        assert not lost
        assert hub.goodbyes == 0


@pytest.mark.parametrize("body", [b"not json", b"[]"])
@looped
async def test_a_twin_that_is_none_is_no_answer(body: bytes) -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        hub.is_mute = True
        with pytest.raises(ProtocolError):
            await asyncio.gather(device.get_twin(), answer_with(hub, body))
        await device.close()


async def answer_with(hub: FakeHub, body: bytes) -> None:
    await hub.until(lambda: isinstance(hub.heard[-1], Publish))
    request = hub.heard[-1]
    assert isinstance(request, Publish)
    rid = request.topic.partition("$rid=")[2]
    hub.doors["pump-1"].send(Publish(TwinResponse(200, rid).topic, body))


@looped
async def test_methods_that_nobody_asked_for_are_passed_over_and_acknowledged() -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        request = Publish(MethodRequest("open", "1").topic, b"null", qos=1, packet_id=7)
        hub.doors["pump-1"].send(request)
        hub.doors["pump-1"].send(Publish(TwinResponse(200, "999").topic, b"{}"))
        await hub.until(lambda: hub.acknowledged == [7])
        assert device.is_open
        await device.close()


@looped
async def test_a_method_is_run_and_answered_under_its_request_id() -> None:
    told: list[Invocation] = []

    def run(invocation: Invocation) -> Result:
        told.append(invocation)
        return Result(207, {"état": "ouvert"})

    async with fake_hub() as hub:
        device = await connected(hub, on_method=run)
        hub.doors["pump-1"].send(Publish(MethodRequest("open", "2a").topic, b'{"by":3}'))
        await hub.until(lambda: bool(hub.results))
        assert told == [Invocation("open", {"by": 3})]
        assert hub.results == [(MethodAnswer(207, "2a"), '{"état":"ouvert"}'.encode())]
        await device.close()


@looped
async def test_a_method_may_be_left_unanswered() -> None:
    async with fake_hub() as hub:
        device = await connected(hub, on_method=lambda _: None)
        hub.doors["pump-1"].send(Publish(MethodRequest("open", "1").topic, b"null"))
        await device.get_twin()  # its answer leaves after it
        assert not hub.results
        await device.close()


@looped
async def test_a_device_that_ends_within_a_method_answers_nothing() -> None:
    async with fake_hub() as hub:
        device: DeviceClient

        def run(_: Invocation) -> Result:
            device.abort()
            return Result(200)

        device = await connected(hub, on_method=run)
        hub.doors["pump-1"].send(Publish(MethodRequest("reboot", "1").topic, b"null"))
        await hub.until(lambda: not hub.doors)
        assert not hub.results


@looped
async def test_a_method_without_json_ends_the_connection() -> None:
    lost: list[str] = []
    async with fake_hub() as hub:
        await connected(hub, on_method=lambda _: None, on_lost=lambda: lost.append("lost"))
        hub.doors["pump-1"].send(Publish(MethodRequest("open", "1").topic, b"}"))
        await hub.until(lambda: not hub.doors and lost == ["lost"])


def bound(number: int, *, dup: bool = False) -> Publish:
    topic = DeviceBound(Identity("pump-1"), {"$.mid": str(number), "door": None}).topic
    return Publish(topic, b"open", qos=1, packet_id=number, dup=dup)


@looped
async def test_a_message_is_acknowledged_once_it_has_been_taken() -> None:
    told: list[Message] = []

    async with fake_hub() as hub:

        def take(message: Message) -> None:
            assert not hub.acknowledged
            told.append(message)

        device = await connected(hub, on_message=take)
        (asked,) = (packet for packet in hub.heard if isinstance(packet, Subscribe))
        assert asked.filters[-1] == ("devices/pump-1/messages/devicebound/#", 1)
        hub.doors["pump-1"].send(bound(7, dup=True))
        await hub.until(lambda: hub.acknowledged == [7])
        assert told == [Message(b"open", {"$.mid": "7", "door": None}, is_again=True)]
        await device.close()


@looped
async def test_a_message_that_nobody_takes_is_not_acknowledged() -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        hub.doors["pump-1"].send(bound(7))
        await device.get_twin()
        await device.close()
        assert not hub.acknowledged


@looped
async def test_telemetry_is_sent_until_the_hub_has_it() -> None:
    async with fake_hub() as hub:
        device = await connected(hub)
        await device.send(b'{"t":3}', {"$.ct": "application/json", "alarm": None})
        await device.send(b"")
        assert hub.telemetry == [
            ({"$.ct": "application/json", "alarm": None}, b'{"t":3}'),
            ({}, b""),
        ]
        hub.is_mute = True
        with pytest.raises(Unavailable, match="pump-1 lost its connection"):
            await asyncio.gather(device.send(b""), cut_when_asked(hub))
