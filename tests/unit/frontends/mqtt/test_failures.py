from structlog.testing import capture_logs

from affinage.domain.errors import DeviceNotFound
from affinage.frontends.mqtt.failures import log_failure


def test_a_refusal_is_written_down_in_a_line() -> None:
    with capture_logs() as lines:
        log_failure("request", DeviceNotFound("no pump-1"), device="pump-1", request_id="r1")
    assert lines == [
        {
            "event": "refused",
            "log_level": "info",
            "what": "request",
            "code": "device_not_found",
            "reason": "no pump-1",
            "device": "pump-1",
            "request_id": "r1",
        }
    ]


def test_a_mistake_of_ours_is_written_down_with_its_trace() -> None:
    mistake = KeyError("a")
    with capture_logs() as lines:
        log_failure("connect", mistake, device="pump-1", request_id="r1")
    assert lines[0]["log_level"] == "error"
    assert lines[0]["exc_info"] is mistake
