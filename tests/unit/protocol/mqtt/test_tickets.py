from affinage.protocol.mqtt.tickets import Tickets


def test_answers_leave_in_the_order_of_the_questions() -> None:
    """MQTT-40"""
    out: list[bytes] = []
    tickets = Tickets(out)
    first, second = tickets.draw(b"1"), tickets.draw(b"2")
    tickets.finish(second, b"b")
    assert (out, len(tickets)) == ([], 2)
    tickets.finish(first, b"")
    assert (out, len(tickets)) == ([b"1", b"2b"], 0)


def test_what_answers_nothing_waits_for_the_answers_before_it() -> None:
    """MQTT-41"""
    out: list[bytes] = []
    tickets = Tickets(out)
    tickets.add(b"at once")
    ticket = tickets.draw(b"1")
    tickets.add(b"later")
    assert out == [b"at once"]
    tickets.finish(ticket, b"")
    assert out == [b"at once", b"1", b"later"]


def test_sizes_count_until_the_answer_has_left() -> None:
    """MQTT-44"""
    tickets = Tickets([])
    first, second = tickets.draw(b"1", 300), tickets.draw(b"2", 50)
    tickets.finish(second, b"")
    assert tickets.size_bytes == 350
    tickets.finish(first, b"")
    assert tickets.size_bytes == 0


def test_nothing_leaves_after_the_end() -> None:
    out: list[bytes] = []
    tickets = Tickets(out)
    ticket = tickets.draw(b"1", 300)
    tickets.clear()
    tickets.finish(ticket, b"late")
    assert (out, len(tickets), tickets.size_bytes) == ([], 0, 0)
