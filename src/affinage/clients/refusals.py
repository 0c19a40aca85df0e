"""How a hub says no to a device, and what the device may do about it.

One table from the code of a CONNACK, one from the status of a twin response, to the errors of the
domain. Messages name the device; they never hold a key or a token.
"""

import json
from collections.abc import Callable
from typing import Final

from affinage.domain.errors import (
    AffinageError,
    Forbidden,
    Invalid,
    NotFound,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
    VersionMismatch,
)

RETRY_AFTER_S: Final = 10.0
"""How long to leave a hub alone that throttles: MQTT has no place to say it."""

_LONGEST_MESSAGE: Final = 200


def refused(name: str, code: int) -> AffinageError:
    """The error for a CONNACK that is not 0."""
    match code:
        case 4 | 5:
            return Unauthorized(f"the hub does not admit {name}: unknown, disabled, or a wrong key")
        case 3:
            return Unavailable(f"the hub cannot admit {name} now")
        case _:
            return Invalid(f"the hub cannot admit {name} (code {code})")


def declined(name: str, status: int, body: bytes) -> AffinageError:
    """The error for a twin response that is 300 or more, with what the hub says about it."""
    message = f"{name}: the hub answers {status}: {_message(body)}"
    if status == _THROTTLED:
        return Throttled(message, retry_after_s=RETRY_AFTER_S)
    return _BY_STATUS.get(status, _unavailable_or_invalid(status))(message)


_THROTTLED: Final = 429
_SERVER_ERROR: Final = 500
_BY_STATUS: Final[dict[int, Callable[[str], AffinageError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    412: VersionMismatch,
    413: TooLarge,
}


def _unavailable_or_invalid(status: int) -> Callable[[str], AffinageError]:
    return Unavailable if status >= _SERVER_ERROR else Invalid


def _message(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    message = document.get("message") if isinstance(document, dict) else None
    return str(message or "no reason given")[:_LONGEST_MESSAGE]
