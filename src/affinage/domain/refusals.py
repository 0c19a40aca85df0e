"""What a refusal is: its kinds, by what the caller can do, and those that say more than words.

`errors` draws the whole tree, has all other leaves, and is where every one is imported from.
"""

from typing import ClassVar


class AffinageError(Exception):
    """Base class; raise one of the leaves."""

    code: ClassVar[str] = "internal"


class Invalid(AffinageError):
    code = "invalid"


class QuerySyntaxError(Invalid):
    """The text is not a query.

    Shows the place, for a person reading a terminal:

        expected a value after '='
            SELECT * FROM devices WHERE tags.a =
                                                ^
    """

    code = "query_syntax"

    SHOWN: ClassVar[int] = 60
    """Characters shown before the place, and from it on."""

    def __init__(self, problem: str, *, source: str, at: int) -> None:
        self.problem, self.source, self.at = problem, source, at
        before = source[max(0, at - self.SHOWN) : at].rpartition("\n")[2]
        after = source[at : at + self.SHOWN].partition("\n")[0]
        line = "".join(char if char.isprintable() else " " for char in before + after)
        super().__init__(f"{problem}\n    {line}\n    {' ' * len(before)}^")


class MethodNotAllowed(Invalid):
    """The path exists, the method does not; ``allowed`` are those that do."""

    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(message)


class Unauthorized(AffinageError):
    code = "unauthorized"


class Challenged(Unauthorized):
    """A TPM must prove that it is there; ``authentication_key`` is what it alone can read."""

    code = "challenged"

    def __init__(self, message: str, *, authentication_key: str) -> None:
        self.authentication_key = authentication_key
        super().__init__(message)


class Forbidden(Unauthorized):
    code = "forbidden"


class NotFound(AffinageError):
    code = "not_found"


class Conflict(AffinageError):
    code = "conflict"


class TooLarge(AffinageError):
    code = "too_large"


class Throttled(AffinageError):
    """Wait ``retry_after_s`` seconds, then try the same thing again."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class Unavailable(AffinageError):
    code = "unavailable"
