from typing import Any

import pytest
from structlog.testing import capture_logs

from affinage.domain.errors import Challenged, Unauthorized
from affinage.services.provisioning.arrivals import Arrival, TpmKeys
from fakes.looped import looped
from fakes.registration_door import OWN, TOKEN, VERSION, Door


@looped
async def test_a_device_registers_and_is_told_where_to_poll() -> None:
    """REGISTER-21, REGISTER-30, REGISTER-31."""
    door = Door()
    body = {"registrationId": "dev1", "payload": {"a": 1}}
    answer = await door.ask(
        "PUT", f"{OWN}/register", json=body, headers={"Authorization": TOKEN}, chain=[b"leaf"]
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "3")
    assert answer.json() == {"operationId": "5/1", "status": "assigning"}
    assert answer.headers["location"] == f"{OWN}/operations/5%2F1?api-version=2021-06-01"
    assert answer.headers["x-ms-request-id"]
    assert door.registrations.asked == [("register", {"a": 1})]
    [came] = door.registrations.came
    assert came == Arrival(
        "0ne00ABCDEF", "Dev1", TOKEN, [b"leaf"], None, "2021-06-01", "https", came.request_id
    )


@looped
async def test_a_device_may_tell_its_tpm_and_forces_nothing() -> None:
    """REGISTER-20."""
    door = Door()
    tpm = {"endorsementKey": "RUs=", "storageRootKey": "U1JL"}
    params = {**VERSION, "forceRegistration": "true"}
    await door.ask("PUT", f"{OWN}/register", json={"tpm": tpm}, params=params)
    assert door.registrations.came[0].tpm == TpmKeys("RUs=", "U1JL")
    assert door.registrations.asked == [("register", None)]


@looped
async def test_who_has_nothing_to_say_sends_no_body() -> None:
    """REGISTER-32."""
    door = Door()
    assert (await door.ask("PUT", f"{OWN}/register")).status_code == 202
    assert (await door.ask("POST", OWN)).status_code == 200


@looped
async def test_an_operation_goes_on_and_ends() -> None:
    """REGISTER-21, REGISTER-31."""
    door = Door()
    going = await door.ask("GET", f"{OWN}/operations/going")
    assert (going.status_code, going.headers["retry-after"]) == (202, "2")
    done = await door.ask("GET", f"{OWN}/operations/5%2E1")
    assert done.json()["registrationState"] == {"deviceId": "dev1"}
    assert (done.status_code, door.registrations.asked[-1]) == (200, "5.1")


@looped
async def test_a_device_asks_what_is_known_of_it() -> None:
    """REGISTER-30."""
    answer = await Door().ask("POST", OWN, json={"registrationId": "dev1"})
    assert (answer.status_code, answer.json()) == (200, {"registrationId": "dev1"})


@looped
async def test_a_body_without_its_length_is_read_too() -> None:
    """REGISTER-32."""

    async def chunks() -> Any:
        yield b'{"payload":7}'

    door = Door()
    headers = {"Transfer-Encoding": "chunked"}
    await door.ask("PUT", f"{OWN}/register", content=chunks(), headers=headers)
    assert door.registrations.asked == [("register", 7)]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("PUT", f"{OWN}/register", {"params": {}}, 400),
        ("PUT", f"{OWN}/register", {"json": []}, 400),
        ("PUT", f"{OWN}/register", {"json": {"registrationId": "dev2"}}, 400),
        ("PUT", f"{OWN}/register", {"content": b" " * 98_305}, 413),
        ("POST", OWN, {"json": {"registrationId": "dev2"}}, 400),
        ("DELETE", OWN, {}, 405),
        ("GET", f"{OWN}/elsewhere", {}, 404),
    ],
)
@looped
async def test_what_is_no_request_is_refused(
    method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    """REGISTER-20, REGISTER-30."""
    door = Door()
    assert (await door.ask(method, path, **sent)).status_code == status
    assert door.registrations.came == []


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", f"{OWN}/register"), ("GET", f"{OWN}/operations/going"), ("POST", OWN)],
)
@looped
async def test_why_a_device_is_refused_is_for_the_log_alone(method: str, path: str) -> None:
    """PROV-47, REGISTER-23."""
    door = Door()
    door.registrations.failure = Unauthorized("the token expired 400 s ago")
    with capture_logs() as logs:
        answer = await door.ask(method, path)
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthorized")
    [told] = [log for log in logs if log["event"] == "refused"]
    assert (told["device"], told["reason"]) == ("Dev1", "the token expired 400 s ago")


@looped
async def test_who_is_asked_for_a_proof_is_not_refused() -> None:
    """REGISTER-33."""
    door = Door()
    door.registrations.failure = Challenged("prove it", authentication_key="a")
    with capture_logs() as logs:
        await door.ask("PUT", f"{OWN}/register")
    assert [log["event"] for log in logs] == ["request"]
