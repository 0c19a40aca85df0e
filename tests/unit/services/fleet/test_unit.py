"""What a unit decides: it names what is written, and nothing else is."""

from affinage.services.fleet.unit import Change, View
from fakes.commits import Commits, device


def test_a_change_that_names_nothing_writes_nothing() -> None:
    hub = Commits()
    batch = hub.batch()
    assert batch.run(lambda _: Change(lambda _: "answer")) == "answer"
    assert list(batch.rows()) == []


def test_an_answer_is_asked_for_when_its_unit_has_been_written() -> None:
    hub = Commits()
    change = Change(lambda after: after.device("d").number, {"d": device("d")})
    assert hub.run(change) == [1]


def test_what_a_unit_reads_is_the_batch() -> None:
    view: View = Commits().batch()
    assert (view.find("d"), view.device_count, view.configuration("one")) == (None, 0, None)
