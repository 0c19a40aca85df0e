"""A device that registers, against a server that plays what it is told."""

from typing import Any, Final

import pytest

from affinage.clients.provisioning import Assigned, Enrolled, register
from affinage.domain.errors import AffinageError, Forbidden, Throttled, Unauthorized, Unavailable
from affinage.protocol.errors import ProtocolError
from affinage.protocol.registering import Registrant
from affinage.protocol.tokens import parse, verify
from fakes.authority import HOST
from fakes.looped import looped
from fakes.registering_service import Service, served

KEY: Final = "c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGtleQ=="
DEVICE: Final = Enrolled(HOST, "0ne00ABCDEF", "dev1", KEY)
STATE: Final = {"assignedHub": "hub.test", "deviceId": "pump-1", "payload": [1]}
GOING: Final = (202, 0, {"operationId": "5.1", "status": "assigning"})
DONE: Final = (200, None, {"status": "assigned", "registrationState": STATE})


async def came(service: Service, device: Enrolled = DEVICE, payload: Any = None) -> Assigned:
    async with served(service) as options:
        return await register(device, options, now=1000.0, payload=payload)


@looped
async def test_a_device_registers_and_polls_until_it_has_its_hub() -> None:
    service = Service([GOING, GOING, DONE])
    assigned = await came(service, payload={"serial": "P-17"})
    assert assigned == Assigned("hub.test", "pump-1", [1])
    assert assigned.string(KEY).text == f"HostName=hub.test;DeviceId=pump-1;SharedAccessKey={KEY}"
    asked = {"registrationId": "dev1", "payload": {"serial": "P-17"}}
    assert service.asked == [asked, "5.1", "5.1"]


@looped
async def test_it_says_who_it_is_and_proves_it() -> None:
    """REGISTER-1."""
    service = Service([DONE])
    await came(service)
    [connect] = service.connects
    who = Registrant.parse(connect.username or "")
    assert (who.scope, who.registration, connect.client_id) == ("0ne00ABCDEF", "dev1", "dev1")
    token = parse((connect.password or b"").decode())
    verify(token, resource=who.resource, keys=[KEY], now=1000.0)
    assert token.policy == "registration"


@looped
async def test_with_a_certificate_it_needs_no_token() -> None:
    service = Service([DONE])
    await came(service, Enrolled(HOST, "0ne00ABCDEF", "dev1"))
    assert service.connects[0].password is None


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, None, {"message": "Unauthorized"}), Unauthorized),
        ((429, 7, {"message": "slowly"}), Throttled),
        ((503, None, {"message": "later"}), Unavailable),
        ((200, None, {"status": "failed", "registrationState": {"errorMessage": "no"}}), Forbidden),
        ((200, None, {"status": "disabled"}), Forbidden),
        ((200, None, []), ProtocolError),
        ((200, None, b"{"), ProtocolError),
        ((200, None, {"status": "assigned", "registrationState": {}}), ProtocolError),
    ],
)
@looped
async def test_who_is_not_assigned_is_told_why(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as told:
        await came(Service([answer]))
    if isinstance(told.value, Throttled):
        assert told.value.retry_after_s == 7


@looped
async def test_who_is_not_let_in_is_told_so() -> None:
    with pytest.raises(AffinageError):
        await came(Service([], connack=5))
