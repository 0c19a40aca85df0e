from affinage.frontends.http.openapi import document
from affinage.frontends.registration_api.app import OPERATIONS, PATHS
from affinage.frontends.registration_api.described import DESCRIBED, DOOR
from fakes.looped import looped
from fakes.registration_door import OWN, Door


def test_the_door_is_told_by_how_its_paths_begin() -> None:
    """REGISTER-30."""
    assert PATHS.match("/0ne00ABCDEF/registrations/dev1/register")
    assert PATHS.match("/another-scope/Registrations/dev1")
    assert not PATHS.match("/devices/0ne00ABCDEF/registrations/dev1")
    assert not PATHS.match("/registrations/dev1")


def test_each_operation_is_described() -> None:
    assert {*document(DOOR, OPERATIONS, DESCRIBED)["paths"]} == {*OPERATIONS}


@looped
async def test_each_operation_is_there() -> None:
    """REGISTER-30."""
    for path, operations in OPERATIONS.items():
        for method in operations:
            there = path.format(scope="0ne12345678", id="dev1", operation="5.1")
            assert (await Door().ask(method, there)).status_code < 300


@looped
async def test_a_path_that_there_is_not_is_not_found() -> None:
    assert (await Door().ask("GET", f"{OWN}/elsewhere")).status_code == 404
