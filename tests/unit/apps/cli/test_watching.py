import asyncio
import io
from collections.abc import Mapping

import pytest
from rich.console import Console

from affinage.apps.cli.board import Bar, Board
from affinage.apps.cli.reach import ask
from affinage.apps.cli.watching import bars_of, check_names, counts_of, insist, reached, watched
from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject
from fakes.command_line import CommandLine

RULE: JsonObject = {
    "systemMetrics": {
        "results": {"targetedCount": 4, "appliedCount": 3},
        "queries": {"targetedCount": "SELECT", "appliedCount": "SELECT"},
    },
    "metrics": {"results": {"current": 1}, "queries": {"current": "SELECT", "slow": "SELECT"}},
}


@pytest.fixture(autouse=True, scope="module")
def fleet(affinage: CommandLine) -> None:
    affinage.ok("device", "create", "--count", "3", "--prefix", "w", "--tag", "a=1")
    words = ("--target", "tags.a = 1", "--set", "properties.desired.fan=3")
    affinage.ok("config", "create", "--id", "fan", *words)


def test_the_hubs_own_counts_have_short_names() -> None:
    assert counts_of(RULE) == {"targeted": 4, "applied": 3, "current": 1}
    assert counts_of({}) == {}


def test_a_bar_is_as_long_as_there_are_targets_or_longer() -> None:
    assert bars_of({"targeted": 2, "n": 3}) == {"targeted": Bar(2, 2), "n": Bar(3, 3)}


def test_more_than_wanted_is_enough_and_all_must_be() -> None:
    counts = counts_of(RULE)
    assert reached(counts, {"applied": 2, "current": 1})
    assert not reached(counts, {"applied": 2, "current": 2})


def test_what_is_no_metric_cannot_be_waited_for() -> None:
    check_names(RULE, ["applied", "current"])
    with pytest.raises(Invalid, match="there are targeted, applied, current, slow"):
        check_names(RULE, ["applied", "lost"])


def test_what_is_not_counted_yet_is_not_reached() -> None:
    """CONFIGURATION-30"""
    check_names(RULE, ["slow"])
    assert not reached(counts_of(RULE), {"slow": 0})


def test_it_ends_once_the_counts_are_as_wanted(affinage: CommandLine) -> None:
    answer = affinage.ok("config", "watch", "fan", "--until", "applied=3", "--until", "targeted=1")
    assert answer.lines[-1] == "targeted 3/3  applied 3/3"


def test_in_json_the_last_counts_are_all_it_says(affinage: CommandLine) -> None:
    answer = affinage.ok("config", "watch", "fan", "--until", "applied=3", "--json")
    assert answer.document == {"targeted": 3, "applied": 3}
    assert answer.err == ""


def test_told_to_stop_it_looks_no_more(affinage: CommandLine) -> None:
    stop = asyncio.Event()
    stop.set()
    board = Board(Console(file=io.StringIO()))
    counts = ask(affinage.folder, lambda hub: watched(hub, "fan", {"applied": 4}, board, stop))
    assert counts["targeted"] == 3


class Impatient(Board):
    """Has seen enough the second time."""

    def __init__(self, stop: asyncio.Event) -> None:
        super().__init__(Console(file=io.StringIO()))
        self._stop, self.times = stop, 0

    def show(self, counts: Mapping[str, Bar]) -> None:
        self.times += 1
        if self.times == 2:
            self._stop.set()


def test_it_looks_again_until_it_is_stopped(affinage: CommandLine) -> None:
    stop = asyncio.Event()
    board = Impatient(stop)
    ask(affinage.folder, lambda hub: watched(hub, "fan", {"applied": 4}, board, stop))
    assert board.times == 2


def test_stopped_before_the_counts_were_as_wanted_it_is_refused() -> None:
    insist("fan", {"applied": 3}, {})
    insist("fan", {"applied": 3}, {"applied": 3})
    with pytest.raises(Invalid, match="before fan had applied=4"):
        insist("fan", {"applied": 3}, {"applied": 4})


def test_a_wish_is_a_name_and_a_number(affinage: CommandLine) -> None:
    assert affinage("config", "watch", "fan", "--until", "applied").status == 2
    assert affinage("config", "watch", "fan", "--until", "=3").status == 2
