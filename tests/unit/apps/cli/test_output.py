import pytest

from affinage.apps.cli.output import (
    Columns,
    cell,
    member,
    printable,
    say,
    show_csv,
    show_document,
    show_rows,
)

COLUMNS: Columns = {"name": lambda row: row.get("name"), "n": lambda row: row.get("n")}


def test_a_table_shows_values_as_they_are_never_as_markup(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows([{"name": "[bold]a[/bold] :smile:", "n": {"x": [1]}}], COLUMNS, as_json=False)
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "n"]
    assert row.rstrip() == '[bold]a[/bold] :smile:  {"x": [1]}'


def test_no_value_can_move_the_cursor() -> None:
    assert printable("a\x1b[2Jb\r\n\u202ec") == r"a\x1b[2Jb\r\n\u202ec"
    assert cell({"k": "\x9b"}) == r'{"k": "\x9b"}'


def test_a_long_value_is_never_cut_where_no_person_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_rows([{"name": "x" * 500}], COLUMNS, as_json=False)
    assert "x" * 500 in capsys.readouterr().out


def test_no_line_ends_in_spaces_where_no_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"name": "a", "n": "x" * 50}, {"name": "b"}], COLUMNS, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["name  n", f"a     {'x' * 50}", "b"]


def test_a_long_value_is_folded_where_people_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "30")
    show_rows([{"name": "x" * 50}], COLUMNS, as_json=False)
    out = capsys.readouterr().out
    assert out.count("x") == 50
    assert "x" * 31 not in out


def test_json_is_one_array_of_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show_rows([{"name": "Gruyère"}], COLUMNS, as_json=True)
    assert capsys.readouterr().out == '[\n  {\n    "name": "Gruyère"\n  }\n]\n'


def test_a_document_is_shown_member_by_member(capsys: pytest.CaptureFixture[str]) -> None:
    show_document({"id": "a", "none": None, "inner": {"x": "\x1b", "y": 2}}, as_json=False)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "id     a",
        "none",
        "inner  {",
        r'         "x": "\u001b",',
        '         "y": 2',
        "       }",
    ]


def test_csv_has_json_in_its_cells_where_there_are_objects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_csv([{"name": 'a,"b"', "n": True}, {"n": {"x": 1}}], COLUMNS, with_header=True)
    assert capsys.readouterr().out == 'name,n\n"a,""b""",true\n,"{""x"": 1}"\n'


def test_what_was_done_is_told_beside_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    say("device [red]a is gone")
    assert capsys.readouterr() == ("", "device [red]a is gone\n")


def test_a_path_that_ends_early_leads_to_nothing() -> None:
    assert member({"a": {"b": 1}}, "a", "b") == 1
    assert member({"a": 1}, "a", "b", "c") is None
