"""Each page of a resource: its examples are sent to a hub, in their order."""

import re
from pathlib import Path
from typing import Final

import pytest

from affinage.frontends.blob_api.app import OPERATIONS as BLOBS
from affinage.frontends.device_api.app import OPERATIONS as DEVICE
from affinage.frontends.native_api.app import OPERATIONS as NATIVE
from affinage.frontends.native_api.described import PREFIX
from affinage.frontends.provisioning_api.app import OPERATIONS as PROVISIONING
from affinage.frontends.registration_api.app import OPERATIONS as REGISTRATION
from affinage.frontends.service_api.app import OPERATIONS as SERVICE
from fakes.exchanges import Exchange, Message, difference, exchanges
from fakes.hub import running_hub
from fakes.looped import looped

FOLDER: Final = Path(__file__).parents[2] / "docs/resources"
PAGES: Final = {
    page.stem: page.read_text() for page in FOLDER.glob("*.md") if page.name != "README.md"
}


ROW: Final = re.compile(r"^\| `([A-Z]+) (/[^`?]*)[^`]*` \|", re.MULTILINE)


@pytest.mark.parametrize("resource", PAGES)
@looped
async def test_the_examples_of_a_page_are_so(resource: str, tmp_path: Path) -> None:
    found = list(exchanges(PAGES[resource]))
    assert found
    async with running_hub(files=tmp_path) as hub:
        for exchange in found:
            await exchange.take_place(hub)


def test_each_operation_is_on_one_page() -> None:
    told = [row for page in PAGES.values() for row in ROW.findall(page)]
    # What devices ask for as back ends do is on the page of these.
    shared = {(method, path) for path, methods in DEVICE.items() for method in methods}
    shared |= {(method, path) for path, methods in SERVICE.items() for method in methods}
    shared |= {(method, path) for path, methods in BLOBS.items() for method in methods}
    there = [*shared]
    there += [(method, path) for path, methods in REGISTRATION.items() for method in methods]
    there += [(method, path) for path, methods in PROVISIONING.items() for method in methods]
    there += [(method, PREFIX + path) for path, methods in NATIVE.items() for method in methods]
    assert sorted(told) == sorted(there)


def test_every_page_is_listed() -> None:
    listed = (FOLDER / "README.md").read_text()
    assert [page for page in PAGES if f"]({page}.md)" not in listed] == []


@pytest.mark.parametrize(
    ("expected", "given", "told"),
    [
        ({"a": 1}, {"a": 1}, ""),
        ({"a": 1}, {"a": 2}, "it.a is 2, not 1"),
        ({"a": 1}, {}, "it has no a"),
        ({"a": "…"}, {"a": 1, "b": 2}, "it has b too"),
        ({"a": 1, "…": "…"}, {"a": 1, "b": 2}, ""),
        ([1, "…"], [1, 2], ""),
        ([1], [1, 2], "it has 2 elements"),
        ([{"a": 1}], [{"a": 2}], "it[0].a is 2, not 1"),
    ],
)
def test_an_example_is_held_against_what_came(expected: object, given: object, told: str) -> None:
    assert difference(expected, given, "it") == told


def test_an_example_is_a_request_and_its_answer() -> None:
    page = '```http\nPUT /a\nIf-Match: *\n\n{"b": 1}\n```\n\n```http\n204 No Content\n```\n'
    request, answer = (
        Message("PUT /a", {"If-Match": "*"}, {"b": 1}),
        Message("204 No Content", {}, None),
    )
    assert [*exchanges(page)] == [Exchange(request, answer)]
    with pytest.raises(ValueError, match="GET /b has no answer"):
        list(exchanges("```http\nGET /b\n```\n```http\nGET /c\n```\n"))
