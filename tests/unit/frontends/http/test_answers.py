"""frontends/http/answers.py."""

from affinage.frontends.http.answers import empty_answer, json_answer


def test_json_says_that_it_is() -> None:
    """SERVICE-7"""
    answer = json_answer({"ä": [1, None]}, status=201, headers={"ETag": '"x"'})
    assert (answer.status_code, bytes(answer.body)) == (201, '{"ä":[1,null]}'.encode())
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["etag"] == '"x"'


def test_nothing_says_nothing() -> None:
    """SERVICE-7"""
    answer = empty_answer()
    assert (answer.status_code, bytes(answer.body), [*answer.headers]) == (204, b"", [])
