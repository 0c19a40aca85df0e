"""domain/feedback.py: what a sender is told."""

import pytest

from affinage.domain.feedback import feedback
from affinage.domain.messages import Ack, Fate, Left, Message
from affinage.domain.names import TwinKey


def test_a_sender_that_wants_to_know_is_told() -> None:
    """MESSAGE-20, MESSAGE-21"""
    left = Left(Message("m", b"", 9, ack=Ack.FULL), Fate.SUCCESS)
    told = feedback(TwinKey("d"), "g", left, 1500)
    assert told is not None
    assert told.document() == {
        "originalMessageId": "m",
        "enqueuedTimeUtc": "1970-01-01T00:00:01.5Z",
        "statusCode": "Success",
        "description": "Success",
        "deviceId": "d",
        "deviceGenerationId": "g",
    }


def test_a_module_is_named() -> None:
    """MESSAGE-21"""
    left = Left(Message("m", b"", 9, ack=Ack.NEGATIVE), Fate.PURGED)
    told = feedback(TwinKey("d", "p"), "g", left, 0)
    assert told is not None
    assert told.document()["moduleId"] == "p"


@pytest.mark.parametrize("ack", [Ack.NONE, Ack.NEGATIVE])
def test_a_sender_that_does_not_want_to_know_is_not_told(ack: Ack) -> None:
    """MESSAGE-20"""
    assert feedback(TwinKey("d"), "g", Left(Message("m", b"", 9, ack=ack), Fate.SUCCESS), 0) is None
