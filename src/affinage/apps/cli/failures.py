"""What a command that failed tells: what went wrong, and the next step where one is known.

Decided here: the words and the exit status. Not here: who fails, and when.
"""

import ssl
from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Console
from rich.text import Text

from affinage.apps.cli.output import printable
from affinage.apps.demo.operator import DemoFailed
from affinage.clients.service import ServiceError
from affinage.domain.errors import AffinageError, Unavailable
from affinage.frontends.http.problems import CODES, code
from affinage.protocol.errors import ProtocolError

REFUSED: Final = 1
"""The exit status of a command that failed; one that was spelled wrongly exits 2."""

EXPECTED: Final = (AffinageError, ServiceError, ProtocolError, DemoFailed, OSError)
"""What is told in a line; anything else is a mistake of ours, and keeps its trace."""

NEXT_STEPS: Final[Mapping[str, str]] = {
    "DeviceNotFound": "`affinage device list` shows those that there are",
    "ModuleNotFound": "`affinage module list DEVICE` shows those that there are",
    "ConfigurationNotFound": "`affinage config list` shows those that there are",
    "DeviceAlreadyExists": "change it with `affinage device update`, or choose another id",
    "ModuleAlreadyExistsOnDevice": "change it with `affinage module update`",
    "ConfigurationAlreadyExists": (
        "change its target, priority, metrics and labels with `affinage config update`;"
        " another content takes a new id, or `affinage config delete` first"
    ),
    "CannotModifyImmutableConfigurationContent": (
        "create the new content under a new id, with a higher priority;"
        " or delete this configuration and create it again"
    ),
    "EnrollmentNotFound": (
        "`affinage enrollment list` shows those that there are, with --group the groups"
    ),
    "EnrollmentAlreadyExists": (
        "change it with `affinage enrollment update`, or choose another id"
    ),
    "RegistrationNotFound": (
        "no device has come by that id: `affinage registration list GROUP` shows who has"
    ),
    "JobNotFound": "`affinage job list` shows those that there are",
    "JobAlreadyExists": "a job is made once: choose another id",
    "JobQuotaExceeded": "`affinage job list` shows them: wait for one, or `affinage job cancel` it",
    "group_not_found": "`affinage group list` shows those that there are",
    "group_exists": "change it with `affinage group update`, or choose another name",
    "group_in_use": "let them name another condition first, or delete them",
    "cannot_replace": "create a new device, and name it: `affinage device create`",
    "etag_mismatch": "somebody changed it meanwhile: look at it, and try again",
    "DeviceNotOnline": (
        "it must be connected, and have subscribed to methods; --connect-timeout waits for it"
    ),
    "GatewayTimeout": "it may have run the method all the same; --timeout gives it more time",
    "too_many_messages": "`affinage device purge` lets go what waits for a device",
    "PreconditionFailed": "somebody changed it meanwhile: look at it, and try again",
    "audit_entry_not_found": "`affinage audit list` shows those that there are",
    "policy_not_found": "`affinage policy list` shows those that there are",
    "CertificateNotFound": "`affinage certificate list` shows those that there are",
    "certificate_not_found": "`affinage certificate list` shows those that there are",
    "certificate_exists": "change it with `affinage certificate update`, or delete it first",
    "policy_exists": "change it with `affinage policy update`, or choose another name",
    "IotHubUnauthorizedAccess": "use the connection string of a policy that has the right",
    "IotHubUnauthorized": (
        "look at the connection string (host name, policy, key) and at this machine's clock"
    ),
}
"""By the name that the service API gives the error."""

_NAMES: Final = {str(code.number): code.name for code in CODES.values()}
"""Provisioning gives errors by number."""

_NO_ANSWER: Final = (
    "is the hub running (`affinage serve`), and are host and port right"
    " (AFFINAGE_CONNECTION_STRING, AFFINAGE_HTTPS_PORT)?"
)
_NO_TRUST: Final = "set AFFINAGE_CA_FILE to the hub's authority, DIR/tls/ca.pem in its data folder"


def report(error: BaseException) -> None:
    """Tell an error on stderr, or each one of a group."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    for one in _leaves(error):
        console.print(Text.assemble(("error: ", "red"), told(one)))


def told(error: BaseException) -> str:
    """The message of one error and what to do about it; never more than it knows."""
    text = error.message if isinstance(error, ServiceError) else str(error)
    problem = "\n".join(map(printable, text.split("\n"))) or type(error).__name__
    step = _next_step(error)
    return f"{problem}\n  {step}" if step else problem


def _next_step(error: BaseException) -> str | None:
    match error:
        case ServiceError():
            return NEXT_STEPS.get(_NAMES.get(error.code, error.code))
        case Unavailable(__cause__=OSError() | EOFError()):
            return _NO_ANSWER
        case ssl.SSLCertVerificationError():
            return _NO_TRUST
        case AffinageError():
            return NEXT_STEPS.get(code(error).name)
        case _:
            return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
