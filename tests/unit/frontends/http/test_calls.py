"""frontends/http/calls.py."""

import pytest
from starlette.requests import Request

from affinage.domain.errors import Invalid
from affinage.domain.names import TwinKey
from affinage.frontends.http.calls import Call
from fakes.life import OWNER


def call(**segments: str) -> Call:
    return Call(Request({"type": "http", "path_params": segments}), OWNER)


def test_what_is_in_the_path_is_decoded_once() -> None:
    """SERVICE-1"""
    assert call(lock="a%252Fb").segment("lock") == "a%2Fb"
    assert call(id="a%3Ab").name == "a:b"


def test_the_path_names_a_device_or_a_module() -> None:
    """SERVICE-2"""
    assert call(id="%24a").key == TwinKey("$a")
    assert call(id="a", module="%24edgeHub").key == TwinKey("a", "$edgeHub")


@pytest.mark.parametrize(("device", "module"), [("a%2Fb", "m"), ("a", "%FF"), ("a%20b", "m")])
def test_a_name_that_no_id_can_be_is_refused(device: str, module: str) -> None:
    """SERVICE-2"""
    with pytest.raises(Invalid):
        _ = call(id=device, module=module).key
