"""What a door hands in, and what it is given to tell the device."""

from affinage.domain.provisioning.registration import Status
from affinage.services.provisioning.arrivals import Answer, Arrival


def test_an_answer_is_final_once_there_is_nothing_to_wait_for() -> None:
    """PROV-40"""
    waiting, ended = Answer("4", Status.ASSIGNING, None, 1), Answer("4", Status.ASSIGNED, {"a": 1})
    assert (waiting.is_final, ended.is_final) == (False, True)
    assert waiting.document == {"operationId": "4", "status": "assigning"}
    assert ended.document["registrationState"] == {"a": 1}


def test_a_token_is_in_no_log() -> None:
    """PROV-11"""
    assert "secret" not in repr(Arrival("0ne", "dev1", "secret"))
