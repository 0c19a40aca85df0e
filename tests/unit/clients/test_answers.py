"""What a hub answers a back end."""

import pytest

from affinage.clients.answers import ServiceError, parsed, refusal, rows_in, rows_of
from affinage.clients.http import Response
from fakes.looped import looped


def answer(body: bytes, status: int = 200, code: str | None = None) -> Response:
    return Response(status, {"iothub-errorcode": code} if code else {}, body)


def test_what_is_no_json_is_none() -> None:
    assert parsed(answer(b'{"a": 1}')) == {"a": 1}
    assert parsed(answer(b"<html>")) is None


def test_rows_are_the_objects_of_an_array() -> None:
    assert rows_in(answer(b'[{"a": 1}, 2]')) == [{"a": 1}]
    with pytest.raises(ServiceError, match="200 Unknown"):
        rows_in(answer(b"{}"))


@looped
async def test_pages_go_on_until_one_names_no_next() -> None:
    pages = {"": ('[{"a": 1}]', "x"), "x": ("[]", "y"), "y": ('[{"a": 2}]', "")}

    async def ask(behind: str) -> Response:
        body, following = pages.pop(behind)
        return Response(200, {"x-ms-continuation": following}, body.encode())

    assert [row async for row in rows_of(ask)] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("body", "header", "code", "text"),
    [
        (b'{"Message": "ErrorCode:JobNotFound;no job j"}', None, "JobNotFound", "no job j"),
        (b'{"Message": "it is away"}', "DeviceNotOnline", "DeviceNotOnline", "it is away"),
        (b'{"Message": "{\\"message\\": \\"away\\"}"}', "X", "X", "away"),
        (b'{"Message": "{"}', "X", "X", "{"),
        (b'{"Message": "{}"}', "X", "X", ""),
        (b"<html>", None, "Unknown", ""),
    ],
)
def test_a_refusal_has_code_and_text(body: bytes, header: str, code: str, text: str) -> None:
    error = refusal(answer(body, 404, header))
    assert (error.status, error.code, error.message) == (404, code, text)
    assert str(error) == f"404 {code}: {text}"
