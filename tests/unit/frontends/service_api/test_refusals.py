"""Every code of a refusal is provoked over the door: status, header and body, and nothing changed.

A code that is provoked nowhere fails the last test here, or stands in NOT_PROVOKED with its reason.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import httpx
import pytest

from affinage.domain.names import TwinKey
from affinage.frontends.http.bodies import MAX_BODY
from affinage.frontends.http.problems import CODES, SERVER_ERROR, Code
from affinage.frontends.service_api import bulk, keys
from affinage.frontends.service_api.app import create_app
from affinage.ports.store import Table
from affinage.services.limits import Limits, Operation, Rate
from affinage.services.methods import MAX_CALLS
from affinage.services.twins import Twins
from fakes.hub import API_VERSION, Hub, running_hub
from fakes.life import Disk, Door, itself
from fakes.looped import looped
from fakes.reconciling import whole

D: Final = TwinKey("d")

NOT_PROVOKED: Final = {
    "EtagDoesNotMatch": "told in the entries of a bulk request, in test_bulk.py",
    "GenericConflict": "of the native door's own conflicts, which are no codes there",
    "DeviceMaximumQueueDepthExceeded": "messages are sent by the native door",
    "DefaultStorageEndpointNotConfigured": "uploads are devices' own, at their own door",
    "InvalidFileUploadCorrelationId": "likewise",
    "ExpiredFileUploadCorrelationId": "likewise",
    "InvalidStorageEndpointOrBlob": "likewise",
    "DeviceMaximumActiveFileUploadLimitExceeded": "likewise",
    "MessageTooLarge": "messages are sent by the native door",
    "IotHubQuotaExceeded": "policies are made by the native door",
    "CertificateNotFound": "authorities are managed by the native door",
    "JobQuotaExceeded": "it takes a thousand jobs, in the jobs' own tests",
    "EnrollmentNotFound": "of provisioning, which has a door of its own",
    "EnrollmentAlreadyExists": "likewise",
    "EnrollmentQuotaExceeded": "likewise",
    "RegistrationNotFound": "likewise",
}

OWN: Final = (SERVER_ERROR, bulk.FAILED, keys.FAILED)
ALL: Final = {code.name: code for code in (*CODES.values(), *OWN, bulk.ETAG_DOES_NOT_MATCH)}

ROUTED: Final = {
    "DeviceDisabled",
    "DeviceMaximumInflightMethodExceeded",
    "DeviceNotOnline",
    "DeviceConnectionClosedRemotely",
    "GenericBadGateway",
    "GatewayTimeout",
}
"""Those of a request that went on to a device: their message is JSON in a string."""

RESULTS: Final = {bulk.FAILED.name, keys.FAILED.name}
"""Those whose body is a result."""

_TRACKING: Final = re.compile(r"Tracking ID:[0-9a-f]{32}-G:1-TimeStamp:\d\d/\d\d/\d{4} [\d:]{8}")

Ask = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Sent:
    """One request that is refused."""

    method: str
    path: str
    body: object = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


def patch(*steps: dict[str, Any]) -> Sent:
    return Sent("PATCH", "/digitaltwins/d", [*steps])


def content(**given: Any) -> Sent:
    return Sent("PUT", "/configurations/new", {"content": {"deviceContent": given}})


CONTENT: Final = {"deviceContent": {"properties.desired.a": 1}}
OTHER: Final = {"deviceContent": {"properties.desired.a": 2}}
JOB: Final = {
    "type": "scheduleUpdateTwin",
    "queryCondition": "*",
    "updateTwin": {"tags": {"a": 1}},
    "startTime": "2100-01-01T00:00:00Z",
    "maxExecutionTimeInSeconds": 60,
}
EDGE: Final = {"modulesContent": {"$edgeAgent": {"properties.desired": whole("m")}}}

REFUSED: Final = {
    "InvalidProtocolVersion": Sent("PUT", "/devices/new", {}, {"params": {"api-version": "1"}}),
    "InvalidOperation": Sent("POST", "/devices/d/applyConfigurationContent", EDGE),
    "ArgumentInvalid": Sent("PUT", "/devices/new", {"status": "asleep"}),
    "ArgumentNull": Sent("POST", "/devices/query"),
    "IotHubFormatError": Sent("PATCH", "/twins/d", {"tags": 7}),
    "DeviceDefinedMultipleTimes": Sent("POST", "/devices", [{"id": "new"}, {"id": "new"}]),
    "BulkRegistryOperationFailure": Sent("POST", "/devices", [{"id": "d"}]),
    "InvalidDeviceScope": Sent("PUT", "/devices/new", {"deviceScope": "ms-azure-iot-edge://x-1"}),
    "InvalidPolicyKey": Sent("POST", "/devices/keys/regenerate", {"devices": [{"id": "d"}]}),
    "BulkRegenerateDeviceKeyOperationFailure": Sent(
        "POST", "/devices/keys/regenerate", {"policyKey": "both", "devices": [{"id": "ca"}]}
    ),
    "InvalidConfigurationTargetCondition": Sent(
        "PUT", "/configurations/new", {"content": CONTENT, "targetCondition": "("}
    ),
    "InvalidConfigurationContent": content(**{"tags.a": 1}),
    "CannotModifyImmutableConfigurationContent": Sent(
        "PUT", "/configurations/there", {"content": OTHER}, {"etag": "*"}
    ),
    "InvalidConfigurationCustomMetricsQuery": Sent(
        "PUT", "/configurations/new", {"content": CONTENT, "metrics": {"queries": {"a": "SELECT"}}}
    ),
    "InvalidDigitalTwinJsonPatch": patch({"op": "move"}),
    "InvalidDigitalTwinPayload": patch({"op": "add", "path": "/a", "value": 2**60}),
    "InvalidDigitalTwinPatch": patch({"op": "remove", "path": "/a"}),
    "InvalidDigitalTwinPatchPath": patch({"op": "remove", "path": "/a/b/c"}),
    "SystemModuleModifyUnauthorizedAccess": Sent("DELETE", "/devices/gw/modules/$edgeAgent"),
    "IotHubUnauthorized": Sent("DELETE", "/devices/d", more={"headers": {"Authorization": ""}}),
    "IotHubUnauthorizedAccess": Sent("DELETE", "/devices/d", more={"policy": "registryRead"}),
    "DeviceDisabled": Sent("POST", "/twins/off/methods", {"methodName": "stop"}),
    "GenericNotFound": Sent("PUT", "/nowhere"),
    "DeviceNotFound": Sent("PATCH", "/twins/nobody", {"tags": {"a": 1}}),
    "ModuleNotFound": Sent("DELETE", "/devices/d/modules/none"),
    "DeviceNotOnline": Sent("POST", "/twins/d/methods", {"methodName": "stop"}),
    "JobNotFound": Sent("POST", "/jobs/v2/none/cancel"),
    "JobAlreadyExists": Sent("PUT", "/jobs/v2/there", JOB),
    "ConfigurationNotFound": Sent("DELETE", "/configurations/none"),
    "GenericMethodNotAllowed": Sent("PATCH", "/devices/d"),
    "DeviceAlreadyExists": Sent("PUT", "/devices/d", {"status": "disabled"}),
    "ModuleAlreadyExistsOnDevice": Sent("PUT", "/devices/d/modules/m", {"managedBy": "x"}),
    "ConfigurationAlreadyExists": Sent("PUT", "/configurations/there", {"content": CONTENT}),
    "PreconditionFailed": Sent("PATCH", "/twins/d", {"tags": {"a": 1}}, {"etag": "c3RhbGU="}),
    "DeviceMessageLockLost": Sent("DELETE", "/messages/serviceBound/feedback/none"),
    "GenericRequestEntityTooLarge": Sent("PATCH", "/twins/d", {"tags": {"a": "x" * MAX_BODY}}),
    "TooManyDevices": Sent("POST", "/devices", [{"id": f"new-{n}"} for n in range(101)]),
    "TooManyModulesOnDevice": Sent("PUT", "/devices/full/modules/one-more"),
}
"""By the name of the code."""


async def world(hub: Hub) -> None:
    """What there is before anybody asks."""
    await hub.device("d")
    await hub.put("/devices/d/modules/m", {})
    await hub.device("gw", capabilities={"iotEdge": True})
    await hub.device("off", status="disabled")
    await hub.device("ca", authentication={"type": "certificateAuthority"})
    await hub.device("full")
    modules = [{"id": "full", "moduleId": f"m{n}"} for n in range(50)]
    assert (await hub.ask("POST", "/devices", modules)).is_success
    await hub.put("/configurations/there", {"content": CONTENT})
    await hub.put("/jobs/v2/there", JOB)
    await hub.sweeps.finished()


def method(hub: Hub, **times: int) -> Ask:
    """Ask d to stop."""
    body = {"methodName": "stop", **times}
    return partial(hub.ask, "POST", "/twins/d/methods", body)


async def connected(hub: Hub, then: Callable[[Door, str], None]) -> None:
    """Have d connected; ``then`` is what it does when it is asked, with the request's id."""
    door = Door()

    def invoke(name: str, rid: str, payload: bytes) -> bool:
        asyncio.get_running_loop().call_soon(then, door, rid)
        return True

    door.invoke = invoke  # type: ignore[method-assign]  # it answers
    await hub.sessions.attach(D, door, clean=True, by=itself("d"))
    hub.sessions.ready(D, by=itself("d"))


async def nonsense(hub: Hub) -> Ask:
    def answer(_: Door, rid: str) -> None:
        hub.services.methods.answer(D, rid, 200, b"{", by=itself("d"))

    await connected(hub, answer)
    return method(hub)


async def leaving(hub: Hub) -> Ask:
    def leave(door: Door, _: str) -> None:
        left.append(asyncio.ensure_future(hub.sessions.detach(D, door, by=itself("d"))))

    left: list[asyncio.Future[None]] = []
    await connected(hub, leave)
    return method(hub)


async def silent(hub: Hub) -> Ask:
    await connected(hub, lambda _, __: None)

    async def wait() -> httpx.Response:
        answer = asyncio.ensure_future(method(hub)())
        while not answer.done():
            await asyncio.sleep(0)
            hub.clock.advance(1)
        return await answer

    return wait


async def besieged(hub: Hub) -> Ask:
    waiting = [
        asyncio.ensure_future(method(hub, connectTimeoutInSeconds=300)()) for _ in range(MAX_CALLS)
    ]
    await asyncio.sleep(0.01)

    async def one_more() -> httpx.Response:
        answer = await method(hub)()
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return answer

    return one_more


async def crowded(hub: Hub) -> Ask:
    for n in range(99):
        await hub.put(f"/configurations/c{n}", {"content": CONTENT})
    await hub.sweeps.finished()
    return partial(hub.ask, "PUT", "/configurations/one-more", {"content": CONTENT})


async def hurried(hub: Hub) -> Ask:
    limits = Limits(hub.clock, {Operation.TWIN_UPDATE: Rate(1, 1000)})
    return _patches(hub, Twins(hub.fleet, limits), "/twins/nobody", "/twins/d")


async def broken(hub: Hub) -> Ask:
    return _patches(hub, None, "/twins/d")


def _patches(hub: Hub, twins: Any, *paths: str) -> Ask:
    """Patch one after another at a door that has these twins; the last answer."""
    app = create_app(replace(hub.services, twins=twins))
    asked: Any = {"params": {"api-version": API_VERSION}, "json": {"tags": {"a": 1}}}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": hub.token()}
        async with httpx.AsyncClient(transport=transport, base_url="https://hub.test") as client:
            answers = [await client.patch(path, headers=headers, **asked) for path in paths]
        return answers[-1]

    return ask


async def unread(hub: Hub) -> Ask:
    """A body that is no JSON."""

    async def ask() -> httpx.Response:
        return await hub.client.put(
            "/devices/new",
            params={"api-version": API_VERSION},
            headers={"Authorization": hub.token()},
            content=b"{",
        )

    return ask


PREPARED: Final[dict[str, Callable[[Hub], Awaitable[Ask]]]] = {
    "DeserializationError": unread,
    "DeviceMaximumInflightMethodExceeded": besieged,
    "DeviceConnectionClosedRemotely": leaving,
    "GenericBadGateway": nonsense,
    "GatewayTimeout": silent,
    "ConfigurationCountLimitExceeded": crowded,
    "ThrottlingException": hurried,
    "ServerError": broken,
}
"""What takes more than a request."""


def stored(hub: Hub) -> dict[Table, list[tuple[str, bytes]]]:
    """Every row of the store, but for who is connected."""
    return {table: hub.fleet.saved(table) for table in Table if table is not Table.PRESENCE}


async def asking(hub: Hub, name: str) -> Ask:
    if name in PREPARED:
        return await PREPARED[name](hub)
    sent = REFUSED[name]
    return partial(hub.ask, sent.method, sent.path, sent.body, **sent.more)


def check(answer: httpx.Response, code: Code) -> None:
    """Its status, its header and its body say what the code is."""
    told = answer.json()
    assert (answer.status_code, answer.headers["iothub-errorcode"]) == (code.status, code.name)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    if code.name in RESULTS:
        assert told["errors"]
    elif code.name in ROUTED:
        assert json.loads(told["Message"])["errorCode"] == code.number
        assert told["ExceptionMessage"] == ""
    else:
        assert re.fullmatch(rf"ErrorCode:{code.name};[^;]+", told["Message"])
        assert _TRACKING.fullmatch(told["ExceptionMessage"])


@pytest.mark.parametrize("name", [*REFUSED, *PREPARED])
@looped
async def test_a_refusal_says_its_code_and_has_changed_nothing(name: str) -> None:
    """SERVICE-20, SERVICE-21, METHOD-10"""
    async with running_hub() as hub:
        await world(hub)
        ask = await asking(hub, name)
        before = stored(hub)
        check(await ask(), ALL[name])
        assert stored(hub) == before


@looped
async def test_what_cannot_be_written_is_told_and_has_changed_nothing() -> None:
    """SERVICE-20, SERVICE-22"""
    disk = Disk()
    async with running_hub(disk.sync) as hub:
        await world(hub)
        before, disk.fails = stored(hub), True
        answer = await hub.ask("PATCH", "/twins/d", {"tags": {"a": 1}})
        check(answer, ALL["ServiceUnavailable"])
        assert stored(hub) == before


def test_every_code_is_provoked_or_has_a_reason_not_to_be() -> None:
    provoked = {*REFUSED, *PREPARED, "ServiceUnavailable"}
    assert provoked <= ALL.keys() <= provoked | NOT_PROVOKED.keys()
    assert not provoked & NOT_PROVOKED.keys()
