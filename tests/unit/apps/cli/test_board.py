import io

from rich.console import Console

from affinage.apps.cli.board import Bar, Board


def test_where_no_person_reads_a_line_is_written_at_every_change() -> None:
    written = io.StringIO()
    with Board(Console(file=written)) as board:
        for count in (0, 0, 1):
            board.show({"[red]": Bar(count, 2), "n": Bar(2, 2)})
    assert written.getvalue() == "[red] 0/2  n 2/2\n[red] 1/2  n 2/2\n"


def test_on_a_terminal_there_are_bars_with_names_as_they_are() -> None:
    written = io.StringIO()
    with Board(Console(file=written, force_terminal=True, color_system=None, width=90)) as board:
        board.show({"[red]": Bar(0, 2)})
        board.show({"[red]": Bar(1, 2), "new": Bar(1, 1)})
    assert "[red]" in written.getvalue()
    assert "1/2" in written.getvalue()
    assert "new" in written.getvalue()


def test_a_bar_that_is_shown_no_more_goes() -> None:
    written = io.StringIO()
    with Board(Console(file=written, force_terminal=True, color_system=None, width=90)) as board:
        board.show({"old": Bar(1, 2), "new": Bar(1, 1)})
        board.show({"new": Bar(1, 1)})
    assert "old" not in written.getvalue().rpartition("new")[0].rpartition("new")[2]
