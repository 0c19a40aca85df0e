import pytest

from affinage.domain.errors import Challenged, RegistrationNotFound, Throttled, Unauthorized
from fakes.looped import looped
from fakes.registration_door import OWN, Door, FakeRegistrations


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unauthorized("enrollment dev1 has another key"), 401, 401002),
        (RegistrationNotFound("no such operation"), 404, None),
        (Throttled("too many", retry_after_s=6.5), 429, 429001),
    ],
)
@looped
async def test_a_refusal_has_the_body_that_clients_read(
    error: Exception, status: int, code: int | None
) -> None:
    """REGISTER-22 to REGISTER-24."""
    answer = await Door(FakeRegistrations(error)).ask("PUT", f"{OWN}/register", json={})
    assert answer.status_code == status
    assert answer.json().keys() == {"errorCode", "trackingId", "message", "timestampUtc"}
    assert code in (None, answer.json()["errorCode"])
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)


@looped
async def test_a_tpm_is_challenged() -> None:
    """REGISTER-33."""
    error = Challenged("prove it", authentication_key="QUJD")
    answer = await Door(FakeRegistrations(error)).ask("PUT", f"{OWN}/register", json={})
    assert answer.status_code == 401
    told = answer.json()
    assert (told["authenticationKey"], told["keyName"]) == ("QUJD", "registration")
