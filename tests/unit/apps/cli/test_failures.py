import ssl

import pytest

from affinage.apps.cli.failures import NEXT_STEPS, report, told
from affinage.apps.demo.operator import DemoFailed
from affinage.clients.service import ServiceError
from affinage.domain import errors
from affinage.domain.errors import DeviceNotFound, QuerySyntaxError, Unavailable
from affinage.frontends.http.problems import CODES


def test_a_refusal_of_the_hub_is_told_with_the_next_step() -> None:
    error = ServiceError(404, "DeviceNotFound", "no device a")
    assert told(error) == f"no device a\n  {NEXT_STEPS['DeviceNotFound']}"


def test_an_error_of_our_own_has_the_same_next_step() -> None:
    assert told(DeviceNotFound("no device a")) == f"no device a\n  {NEXT_STEPS['DeviceNotFound']}"


def test_changed_content_is_told_the_way_out() -> None:
    text = told(ServiceError(400, "CannotModifyImmutableConfigurationContent", "cannot change"))
    assert "new id, with a higher priority" in text
    assert "delete this configuration and create it again" in text


def test_an_error_that_provisioning_gives_by_number_has_its_next_step_too() -> None:
    error = ServiceError(404, "404201", "no enrollment group presses")
    assert told(error).endswith(NEXT_STEPS["EnrollmentNotFound"])


def test_every_next_step_is_of_an_error_that_there_is() -> None:
    native = {
        getattr(errors, name).code
        for name in vars(errors)
        if name[0].isupper() and name != "ClassVar"
    }
    assert NEXT_STEPS.keys() <= {code.name for code in CODES.values()} | native


def test_the_caret_stays_below_its_place() -> None:
    error = QuerySyntaxError("expected a value", source="SELECT * FROM devices WHERE a =", at=31)
    problem, line, caret = told(error).split("\n")
    assert problem == "expected a value"
    assert caret.index("^") == line.index("=") + 1


def test_a_hub_that_does_not_answer_may_not_be_running() -> None:
    error = Unavailable("GET /devices got no answer")
    error.__cause__ = ConnectionRefusedError()
    assert "affinage serve" in told(error)
    assert told(Unavailable("no hub has served from here")) == "no hub has served from here"


def test_a_hub_that_is_not_believed_needs_an_authority() -> None:
    assert "AFFINAGE_CA_FILE" in told(ssl.SSLCertVerificationError("self-signed"))


def test_what_has_no_message_is_told_by_its_name() -> None:
    assert told(TimeoutError()) == "TimeoutError"


def test_nothing_that_an_error_says_can_move_the_cursor() -> None:
    assert told(DemoFailed("a\x1b[2J")) == r"a\x1b[2J"


def test_each_of_a_group_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("two", [OSError("[red]one"), ExceptionGroup("in", [OSError("other")])])
    report(group)
    assert capsys.readouterr() == ("", "error: [red]one\nerror: other\n")
