"""frontends/service_api/keys.py."""

from typing import Any

import pytest

from fakes.hub import Hub, running_hub
from fakes.looped import looped

PATH = "/devices/keys/regenerate"
CA = {"type": "certificateAuthority"}


async def ask(hub: Hub, which: object, *devices: object) -> Any:
    return await hub.ask("POST", PATH, {"policyKey": which, "devices": [*devices]})


@looped
async def test_all_have_new_keys() -> None:
    """SERVICE-43, SERVICE-44"""
    async with running_hub() as hub:
        before = (await hub.device("d"))["authentication"]["symmetricKey"]
        await hub.put("/devices/d/modules/m", {})
        asked = {"id": "d", "moduleId": ""}, {"id": "d", "moduleId": "m"}
        answer = await ask(hub, "primaryKey", *asked)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["policyKey"], body["errors"]) == ("primaryKey", [])
        own, its = body["rotatedKeys"]
        assert (own["id"], own["moduleId"], own["secondaryKey"]) == ("d", None, None)
        assert own["primaryKey"] not in before.values()
        assert its["moduleId"] == "m"
        now = (await hub.get("/devices/d"))["authentication"]["symmetricKey"]
        assert now == {**before, "primaryKey": own["primaryKey"]}


@pytest.mark.parametrize(
    ("names", "status", "header"),
    [
        (["d"], 200, None),
        (["d", "ca", "nobody"], 207, None),
        (["ca", "nobody"], 400, "BulkRegenerateDeviceKeyOperationFailure"),
        ([], 200, None),
    ],
)
@looped
async def test_the_status_says_whether_all_some_or_none(
    names: list[str], status: int, header: str | None
) -> None:
    """SERVICE-44, SERVICE-45"""
    async with running_hub() as hub:
        await hub.device("d")
        await hub.device("ca", authentication=CA)
        answer = await ask(hub, "both", *({"id": name} for name in names))
        assert (answer.status_code, answer.headers.get("iothub-errorcode")) == (status, header)
        codes = {"ca": 400003, "nobody": 404001}
        told = [(error["id"], error["errorCode"]) for error in answer.json()["errors"]]
        assert told == [(name, codes[name]) for name in names if name in codes]
        assert all(error["errorStatus"] for error in answer.json()["errors"])


@pytest.mark.parametrize(
    ("which", "devices", "status", "name"),
    [
        ("tertiary", [{"id": "d"}], 400, "InvalidPolicyKey"),
        (None, [{"id": "d"}], 400, "InvalidPolicyKey"),
        (7, [{"id": "d"}], 400, "InvalidPolicyKey"),
        ("both", [{"id": "d"}, {"id": "d"}], 400, "DeviceDefinedMultipleTimes"),
        ("both", [{"id": f"d{n}"} for n in range(101)], 413, "TooManyDevices"),
        ("both", ["d"], 400, "IotHubFormatError"),
        ("both", [{"id": 7}], 400, "IotHubFormatError"),
        ("both", [{"id": "d", "moduleId": 7}], 400, "IotHubFormatError"),
        ("both", [{"id": "a b"}], 400, "ArgumentInvalid"),
        ("both", [{"id": "d", "moduleId": "a/b"}], 400, "ArgumentInvalid"),
    ],
)
@looped
async def test_what_is_wrong_as_a_whole_makes_no_keys(
    which: object, devices: list[object], status: int, name: str
) -> None:
    """SERVICE-43"""
    async with running_hub() as hub:
        before = await hub.device("d")
        answer = await ask(hub, which, *devices)
        assert (answer.status_code, answer.headers["iothub-errorcode"]) == (status, name)
        assert await hub.get("/devices/d") == before


@looped
async def test_the_identities_must_be_an_array() -> None:
    """SERVICE-16"""
    async with running_hub() as hub:
        answer = await hub.ask("POST", PATH, {"policyKey": "both", "devices": {}})
        assert answer.headers["iothub-errorcode"] == "IotHubFormatError"
