import pytest
from starlette.requests import Request

from affinage.frontends.registration_api.calls import unproven
from fakes.looped import looped
from fakes.registration_door import Door


def test_who_asks_has_no_right() -> None:
    """REGISTER-3."""
    assert not unproven(Request({"type": "http"}), request_id="r").granted


@pytest.mark.parametrize("path", ["/0ne1/registrations/a%2Fb", "/0ne%ff/registrations/d"])
@looped
async def test_a_segment_that_cannot_be_decoded_is_refused(path: str) -> None:
    assert (await Door().ask("POST", path)).status_code == 400


@looped
async def test_a_request_says_who_comes() -> None:
    door = Door()
    await door.ask("POST", "/0ne1/registrations/a%3Ab")
    [came] = door.registrations.came
    assert (came.id_scope, came.registration_id, came.chain) == ("0ne1", "a:b", ())
