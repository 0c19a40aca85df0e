"""Who takes what a device hears; the rest is driven through a connection in test_device.py."""

from affinage.clients.listening import Listeners, Message, Result
from affinage.protocol.feeds import Feed, feed_of
from affinage.protocol.identities import Identity
from affinage.protocol.topics import MethodRequest

MODULE = Identity("pump-1", "valve")


def test_each_listener_is_subscribed_to_what_it_hears() -> None:
    alone = Listeners(lambda *_: None)
    assert [feed_of(text, MODULE) for text, _ in alone.filters(MODULE)] == [
        Feed.TWIN_RESPONSES,
        Feed.DESIRED,
    ]
    every = Listeners(lambda *_: None, lambda _: None, lambda _: None)
    heard = [(feed_of(text, MODULE), qos) for text, qos in every.filters(MODULE)[2:]]
    assert heard == [(Feed.METHODS, 0), (Feed.MESSAGES, 1)]


def test_a_method_that_nobody_runs_is_not_answered() -> None:
    assert Listeners(lambda *_: None).run(MethodRequest("open", "1"), b"null") is None


def test_a_result_without_a_payload_is_null() -> None:
    listeners = Listeners(lambda *_: None, lambda _: Result(-1))
    answer = listeners.run(MethodRequest("open", "7"), b"null")
    assert answer is not None
    assert (answer.topic, answer.payload) == ("$iothub/methods/res/-1/?$rid=7", b"null")


def test_a_message_counts_as_taken_by_who_listens() -> None:
    message = Message(b"open", {}, is_again=False)
    told: list[Message] = []
    assert not Listeners(lambda *_: None).take(message)
    assert Listeners(lambda *_: None, None, told.append).take(message)
    assert told == [message]
