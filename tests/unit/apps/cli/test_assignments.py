import io
from pathlib import Path

import pytest
import typer

from affinage.apps.cli.assignments import flat, merged, nested, read_object, texts_by_name


def test_dots_nest_and_values_are_json_or_text() -> None:
    texts = ["a.b=1", "a.c=x y", "d=null", 'e={"f":[true]}', 'g="1"', "h=k=v", "i="]
    assert nested(texts, "--tag") == {
        "a": {"b": 1, "c": "x y"},
        "d": None,
        "e": {"f": [True]},
        "g": "1",
        "h": "k=v",
        "i": "",
    }


def test_nothing_given_is_nothing() -> None:
    assert nested(None, "--tag") == {}
    assert flat(None, "--set") == {}
    assert texts_by_name(None, "--label") == {}


@pytest.mark.parametrize(
    "texts", [["a"], ["=1"], ["a=1", "a=2"], ["a=1", "a.b=2"], ["a.b=1", "a=2"], ["a={"]]
)
def test_what_cannot_be_meant_is_a_wrong_use(texts: list[str]) -> None:
    with pytest.raises(typer.BadParameter) as caught:
        nested(texts, "--tag")
    assert caught.value.param_hint == "--tag"


def test_paths_of_a_configuration_stay_whole() -> None:
    assert flat(["properties.desired.fan=3"], "--set") == {"properties.desired.fan": 3}


def test_texts_stay_texts() -> None:
    assert texts_by_name(["n=SELECT a = 1", "m=3"], "--metric") == {"n": "SELECT a = 1", "m": "3"}


def test_the_upper_wins_and_its_nulls_stay() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": None}, "d": {"e": 1}}) == {
        "a": {"b": None, "c": 2},
        "d": {"e": 1},
    }


def test_a_file_holds_an_object_or_it_is_a_wrong_use(tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    file.write_text('\ufeff{"id": "a"}')
    assert read_object(file, "FILE") == {"id": "a"}
    for content, problem in ((b"\xff", "cannot be read"), (b"{", "is not JSON"), (b"[]", "object")):
        file.write_bytes(content)
        with pytest.raises(typer.BadParameter, match=problem):
            read_object(file, "FILE")


def test_a_dash_is_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": "a"}'))
    assert read_object(Path("-"), "FILE") == {"id": "a"}
