"""What numbers and strings mean."""

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.constants import number, string
from affinage.domain.query.tokenizer import Token, Tokenizer


def number_of(text: str, sign: str = "") -> int | float:
    return number(Tokenizer(text), Token(text, 0), sign)


def string_of(text: str) -> str:
    return string(Tokenizer(text), Token(text, 0))


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("007", 7), ("5.0", 5.0), ("1e3", 1000.0), ("0xFf", 255), ("0X10", 16), (".5", 0.5)],
)
def test_a_number_is_whole_unless_it_is_written_otherwise(text: str, value: float) -> None:
    """QUERY-8."""
    assert repr(number_of(text)) == repr(value)


def test_a_sign_belongs_to_its_number() -> None:
    """QUERY-8."""
    assert number_of("5", "-") == -5
    assert number_of("5", "+") == 5
    assert number_of("0x10", "-") == -16
    assert repr(number_of("0.0", "-")) == "-0.0"


@pytest.mark.parametrize("text", ["1e309", "9" * 310, "0x" + "F" * 300])
def test_a_number_that_no_double_holds_is_refused(text: str) -> None:
    """QUERY-8."""
    with pytest.raises(QuerySyntaxError, match="expected a number that a double can hold"):
        number_of(text)


def test_a_number_is_not_endless() -> None:
    """QUERY-8."""
    assert number_of("0" * 399 + "1") == 1
    with pytest.raises(QuerySyntaxError, match="the number has 401 of 400 characters"):
        number_of("0" * 401)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("''", ""),
        ("'it''s'", "it's"),
        (r"'it\'s'", "it's"),
        ('"say ""x"""', 'say "x"'),
        ("'\"\"'", '""'),
        (r"'\"\\\/\x'", '"\\/x'),
        (r"'\n\r\t\b\f'", "\n\r\t\b\f"),
        (r"'\u00e9\ud83d\ude00'", "é😀"),
        (r"'\u12'", "u12"),
        (r"'\\u0041'", r"\u0041"),
        ("'a\nb'", "a\nb"),
    ],
)
def test_escapes_are_resolved(text: str, value: str) -> None:
    """QUERY-7."""
    assert string_of(text) == value


@pytest.mark.parametrize("text", [r"'\ud83d'", r"'\ude00\ud83d'"])
def test_half_a_pair_is_no_character(text: str) -> None:
    """QUERY-7."""
    with pytest.raises(QuerySyntaxError, match="not half a pair"):
        string_of(text)
