"""What stretches of text the tokenizer knows, and how it refuses the rest."""

import pytest

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.tokenizer import MAX_DEPTH, MAX_TEXT, Token, Tokenizer


def refusal(text: str) -> QuerySyntaxError:
    """What the parser would be told where it expects a value at the end of one."""
    with pytest.raises(QuerySyntaxError) as raised:
        Tokenizer(text).refuse_here("a value")
    return raised.value


@pytest.mark.parametrize(
    ("rule", "text", "read"),
    [
        ("WORD", "größe.x", "größe"),
        ("WORD", "$version ", "$version"),
        ("SEGMENT", "1st", "1st"),
        ("ESCAPED", "[[a ] b]].c", "[[a ] b]]"),
        ("NUMBER", "1.5e-3,", "1.5e-3"),
        ("NUMBER", "0xFf", "0xFf"),
        ("NUMBER", "1.", "1."),
        ("NUMBER", ".5", ".5"),
        ("STRING", "'it''s' = 'x'", "'it''s'"),
        ("STRING", r"'it\'s' = 'x'", r"'it\'s'"),
        ("STRING", '"a""b"', '"a""b"'),
        ("COMPARATOR", "<>1", "<>"),
    ],
)
def test_as_much_is_read_as_follows_the_rule(rule: str, text: str, read: str) -> None:
    """QUERY-7, QUERY-8, QUERY-11, QUERY-12."""
    assert Tokenizer(text).accept(rule) == Token(read, 0)


@pytest.mark.parametrize(
    ("rule", "text"),
    [("WORD", "1st"), ("WORD", "-a"), ("STRING", "'abc"), ("BRACKET", "[[a]]"), ("ESCAPED", "[[a")],
)
def test_what_does_not_follow_the_rule_is_left(rule: str, text: str) -> None:
    tokens = Tokenizer(text)
    assert tokens.accept(rule) is None
    assert tokens.at == 0


def test_blanks_and_comments_are_passed_over() -> None:
    """QUERY-6."""
    tokens = Tokenizer(" \n/* a * b */-- c\n/**/ x -- the end")
    assert tokens.accept("WORD") == Token("x", 23)
    assert tokens.check("END")


def test_words_are_read_in_any_case() -> None:
    """QUERY-6."""
    tokens = Tokenizer("Group bY x")
    assert tokens.accept_word("by") is None
    assert tokens.expect_word("group", "GROUP").text == "Group"
    assert tokens.accept_word("by", "to")
    assert tokens.word() == "x"
    with pytest.raises(QuerySyntaxError, match="expected Y, not 'x'"):
        tokens.expect_word("y", "Y")


def test_what_is_expected_is_read_or_refused_by_its_name() -> None:
    """QUERY-3."""
    tokens = Tokenizer("( 5")
    assert tokens.expect("OPEN", "'('") == Token("(", 0)
    with pytest.raises(QuerySyntaxError, match="expected a name, not '5'"):
        tokens.expect("WORD", "a name")


def test_no_more_than_the_limit_is_read() -> None:
    """QUERY-9."""
    assert Tokenizer("a" * MAX_TEXT).word() == "a" * MAX_TEXT
    with pytest.raises(QuerySyntaxError, match="the text has 8193 of 8192 characters"):
        Tokenizer("a" * (MAX_TEXT + 1))


def test_half_a_character_is_refused() -> None:
    """QUERY-3."""
    with pytest.raises(QuerySyntaxError, match="not half a pair") as raised:
        Tokenizer("a = '\ud800'")
    assert raised.value.at == 5


def test_no_more_levels_than_the_limit_are_gone_down() -> None:
    """QUERY-10."""
    tokens = Tokenizer("")
    for _ in range(MAX_DEPTH):
        tokens.deeper()
    with pytest.raises(QuerySyntaxError, match="the expression is 33 levels deep, of 32"):
        tokens.deeper()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a value"),
        ("ORDER BY", "expected a value, not 'ORDER'"),
        ("?", "expected a value, not '?'"),
        ("'abc", "expected an end of the string that begins here"),
        ("'abc'", 'expected a value, not "\'"'),
        ("x" * 100, f"expected a value, not '{'x' * 40}'"),
    ],
)
def test_what_is_refused_is_quoted(text: str, problem: str) -> None:
    """QUERY-3."""
    assert refusal(text).problem == problem


def test_a_comment_without_end_is_refused_where_it_begins() -> None:
    """QUERY-3."""
    with pytest.raises(QuerySyntaxError, match="expected an end of the comment") as raised:
        Tokenizer("a /* b").accept("WORD")
    assert raised.value.at == 2


def test_the_place_is_shown_in_its_line_however_long_the_text() -> None:
    """QUERY-3."""
    text = "a = 1\nAND\tb ? " + "x" * 1000
    tokens = Tokenizer(text)
    tokens.at = text.index("?")
    with pytest.raises(QuerySyntaxError) as raised:
        tokens.refuse("what?")
    assert str(raised.value) == f"what?\n    AND b ? {'x' * 58}\n          ^"
