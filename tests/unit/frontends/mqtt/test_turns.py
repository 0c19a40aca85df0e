from functools import partial

from affinage.frontends.mqtt.turns import MAX_WAITING, Like, Turns


class Desk:
    """Work that begins when it is let, and ends when the test says so.

    Small letters are reports, figures are messages, and capitals run alone.
    """

    def __init__(self) -> None:
        self.turns = Turns()
        self.begun: list[str] = []

    def take(self, *names: str) -> list[str]:
        for name in names:
            like = Like.REPORT if name.islower() else Like.MESSAGE if name.isdigit() else None
            self.turns.take(partial(self.begun.append, name), like)
        return self.begun

    def end(self, names: str) -> list[str]:
        for _ in names:
            self.turns.ended()
        return self.begun


def test_reports_run_side_by_side_and_a_reading_alone() -> None:
    """MQTT-40: capitals are readings."""
    desk = Desk()
    assert desk.take("a", "b", "C", "d", "e", "F", "G") == ["a", "b"]
    assert desk.end("b") == ["a", "b"]
    assert desk.end("a") == ["a", "b", "C"]
    assert desk.end("C") == ["a", "b", "C", "d", "e"]
    assert desk.end("de") == ["a", "b", "C", "d", "e", "F"]
    assert desk.end("F") == ["a", "b", "C", "d", "e", "F", "G"]


def test_messages_run_side_by_side_and_not_beside_reports() -> None:
    """MQTT-40."""
    desk = Desk()
    assert desk.take("a", "1", "2", "b") == ["a"]
    assert desk.end("a") == ["a", "1", "2"]
    assert desk.end("1") == ["a", "1", "2"]
    assert desk.end("2") == ["a", "1", "2", "b"]


def test_nothing_overtakes_what_waits() -> None:
    desk = Desk()
    desk.take("a", "B")
    assert desk.take("c") == ["a"]
    assert desk.end("aB") == ["a", "B", "c"]


def test_what_ends_as_soon_as_it_starts_holds_up_nothing() -> None:
    """However much of it waits: a recursion would end the connection."""
    desk = Desk()
    desk.take("A")
    for _ in range(5_000):
        desk.turns.take(desk.turns.ended)
    desk.take("b")
    assert desk.end("A") == ["A", "b"]


def test_nothing_starts_while_one_holds_the_others_up() -> None:
    desk = Desk()
    desk.take("a")
    desk.turns.take(desk.turns.hold, Like.REPORT)
    assert desk.take("b", "c") == ["a"]
    assert desk.end("a") == ["a"]
    assert desk.end("-") == ["a", "b", "c"]


def test_much_that_waits_is_too_much_only_while_one_is_held_up() -> None:
    """THROTTLE-8."""
    desk = Desk()
    desk.take("A", *["b"] * MAX_WAITING)
    assert not desk.turns.is_behind
    desk.turns = Turns()
    desk.turns.take(desk.turns.hold, Like.REPORT)
    desk.take(*["b"] * (MAX_WAITING - 1))
    assert not desk.turns.is_behind
    desk.take("b")
    assert desk.turns.is_behind
    desk.end("-")
    assert not desk.turns.is_behind
