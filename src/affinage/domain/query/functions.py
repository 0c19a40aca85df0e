"""The functions that a condition may call, as one table.

A function is given values and gives one, or UNDEFINED where a value is not of the type it needs;
it never raises. Twin queries and routes share the table, hence both spellings of some names.
"""

import math
import re
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias, TypeGuard

from affinage.domain.query.syntax import UNDEFINED, Undefined
from affinage.domain.values import JsonValue, is_object, same

Value: TypeAlias = "JsonValue | Undefined"

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,9})?")


class Function(NamedTuple):
    """How many arguments it takes, ``most`` None for any number, and what it makes of them."""

    apply: Callable[..., Value]
    least: int = 1
    most: int | None = 1
    is_strict: bool = True
    """Whether an undefined argument makes the result undefined, without asking ``apply``."""

    @property
    def arity(self) -> str:
        """For a person: ``2``, ``2 to 3``, ``2 or more``."""
        if self.most is None:
            return f"{self.least} or more"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"

    def takes(self, count: int) -> bool:
        return self.least <= count and (self.most is None or count <= self.most)


def is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_primitive(value: Value) -> TypeGuard[bool | int | float | str | None]:
    return value is None or isinstance(value, bool | int | float | str)


def finite(value: int | float) -> Value:
    """The number itself, or UNDEFINED if no double can hold its size.

    Source: QUERY-24.
    """
    try:
        return value if math.isfinite(value) else UNDEFINED
    except OverflowError:  # an integer beyond every double
        return UNDEFINED


def _numeric(function: Callable[..., int | float]) -> Callable[..., Value]:
    """A function of numbers, undefined where mathematics has no finite answer."""

    def apply(*arguments: Value) -> Value:
        if not all(map(is_number, arguments)):
            return UNDEFINED
        try:
            return finite(function(*arguments))
        except (ValueError, OverflowError, ZeroDivisionError):
            return UNDEFINED

    return apply


def _textual(function: Callable[..., JsonValue]) -> Callable[..., Value]:
    """A function of strings."""

    def apply(*arguments: Value) -> Value:
        if not all(isinstance(argument, str) for argument in arguments):
            return UNDEFINED
        return function(*arguments)

    return apply


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _as_number(value: Value) -> Value:
    if is_number(value):
        return value
    if not isinstance(value, str) or not (found := _NUMBER.fullmatch(value)):
        return UNDEFINED
    return finite(float(value) if found[1] or found[2] else int(value))


def _substring(text: Value, *places: Value) -> Value:
    """From the first place on, of the length that may follow it."""
    whole = [place for value in places if (place := _whole(value)) is not None]
    if not isinstance(text, str) or len(whole) < len(places):
        return UNDEFINED
    start, *length = whole
    return text[start : start + length[0]] if length else text[start:]


def _whole(value: Value) -> int | None:
    """The number as a place in a string, or None if it cannot be one."""
    return int(value) if is_number(value) and value >= 0 and value == int(value) else None


def _array_contains(array: Value, wanted: Value) -> Value:
    if not isinstance(array, list):
        return UNDEFINED
    assert wanted is not UNDEFINED  # the function is strict
    return any(same(element, wanted) for element in array)


def _array_length(array: Value) -> Value:
    return len(array) if isinstance(array, list) else UNDEFINED


def _is(test: Callable[[Value], bool]) -> Function:
    return Function(test, is_strict=False)


_STARTS_WITH: Final = Function(_textual(str.startswith), 2, 2)
_ENDS_WITH: Final = Function(_textual(str.endswith), 2, 2)

FUNCTIONS: Final[dict[str, Function]] = {
    "ABS": Function(_numeric(abs)),
    "EXP": Function(_numeric(math.exp)),
    "POWER": Function(_numeric(math.pow), 2, 2),
    "SQUARE": Function(_numeric(lambda number: number * number)),
    "SQRT": Function(_numeric(math.sqrt)),
    "CEILING": Function(_numeric(math.ceil)),
    "FLOOR": Function(_numeric(math.floor)),
    "SIGN": Function(_numeric(_sign)),
    "AS_NUMBER": Function(_as_number),
    "IS_ARRAY": _is(lambda value: isinstance(value, list)),
    "IS_BOOL": _is(lambda value: isinstance(value, bool)),
    "IS_DEFINED": _is(lambda value: value is not UNDEFINED),
    "IS_NULL": _is(lambda value: value is None),
    "IS_NUMBER": _is(is_number),
    "IS_OBJECT": _is(is_object),
    "IS_PRIMITIVE": _is(is_primitive),
    "IS_STRING": _is(lambda value: isinstance(value, str)),
    "CONCAT": Function(_textual(lambda *parts: "".join(parts)), 2, None),
    "LENGTH": Function(_textual(len)),
    "LOWER": Function(_textual(str.lower)),
    "UPPER": Function(_textual(str.upper)),
    "SUBSTRING": Function(_substring, 2, 3),
    "INDEX_OF": Function(_textual(str.find), 2, 2),
    "STARTS_WITH": _STARTS_WITH,
    "STARTSWITH": _STARTS_WITH,
    "ENDS_WITH": _ENDS_WITH,
    "ENDSWITH": _ENDS_WITH,
    "CONTAINS": Function(_textual(str.__contains__), 2, 2),
    "ARRAY_CONTAINS": Function(_array_contains, 2, 2),
    "ARRAY_LENGTH": Function(_array_length),
}
"""By their names in upper case. Source: QUERY-27 to QUERY-32."""
