"""Cut the text of a query into words, numbers, strings and signs, as the parser asks for them.

What a stretch of text is can depend on what stands before it (`5` is a number, but a name after a
dot), so the parser says which rule it expects.
"""

import re
from typing import Final, NamedTuple, NoReturn

from affinage.domain.errors import QuerySyntaxError
from affinage.domain.query.syntax import SEGMENT, WORD

MAX_TEXT: Final = 8192
"""Characters in the text of a query or a condition."""

MAX_DEPTH: Final = 32
"""Levels of parentheses, NOTs, signs and calls within one another.

A level takes up to ten of the interpreter's thousand frames to parse, and more to compare.
"""

_RULES: Final = {
    name: re.compile(pattern, re.DOTALL)
    for name, pattern in {
        "WORD": WORD,
        "SEGMENT": SEGMENT,
        "ESCAPED": r"\[\[.*?\]\]",
        "NUMBER": r"0[xX][0-9a-fA-F]++|(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?",
        "INTEGER": r"[0-9]++",
        "STRING": r"'(?:[^'\\]|\\.|'')*+'" + r'|"(?:[^"\\]|\\.|"")*+"',
        "QUOTE": "['\"]",
        "COMPARATOR": "<=|>=|<>|!=|=|<|>",
        "SIGN": "[+-]",
        "FACTOR": "[*/%]",
        "STAR": r"\*",
        "OPEN": r"\(",
        "CLOSE": r"\)",
        "BRACKET": r"\[(?!\[)",
        "END_BRACKET": r"\]",
        "COMMA": ",",
        "DOT": r"\.",
        "SEMICOLON": ";",
        "END": r"\Z",
    }.items()
}
# Not `*+`: with it, Python 3.11.2 reads to the end over a comment that has none.
_SKIPPED: Final = re.compile(r"(?:\s++|--[^\n]*+|/\*.*?\*/)*", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Token(NamedTuple):
    text: str
    at: int


class Tokenizer:
    """The text, how far it has been read, and how deep the parser is in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        if len(text) > MAX_TEXT:
            self.refuse(f"the text has {len(text)} of {MAX_TEXT} characters", at=MAX_TEXT)
        if half := _SURROGATE.search(text):
            self.refuse("expected whole characters, not half a pair", at=half.start())
        self._skip()

    def check(self, rule: str) -> bool:
        """Whether what comes next follows the rule; nothing is read."""
        return _RULES[rule].match(self.text, self.at) is not None

    def accept(self, rule: str) -> Token | None:
        """Read what comes next if it follows the rule, and the blanks and comments after it."""
        found = _RULES[rule].match(self.text, self.at)
        if found is None:
            return None
        token = Token(found[0], self.at)
        self.at = found.end()
        self._skip()
        return token

    def expect(self, rule: str, expected: str) -> Token:
        """Read what follows the rule, or refuse, saying in words what was expected."""
        return self.accept(rule) or self.refuse_here(expected)

    def word(self) -> str:
        """The next word in lower case, `""` where there is none; nothing is read."""
        found = _RULES["WORD"].match(self.text, self.at)
        return found[0].lower() if found else ""

    def accept_word(self, *words: str) -> Token | None:
        """Read one of the words, in any case, if it comes next."""
        return self.accept("WORD") if self.word() in words else None

    def expect_word(self, word: str, expected: str) -> Token:
        return self.accept_word(word) or self.refuse_here(expected)

    def deeper(self) -> None:
        """Go down one level.

        Raises:
            QuerySyntaxError: that is more than MAX_DEPTH.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.refuse(f"the expression is {self.depth} levels deep, of {MAX_DEPTH}")

    def refuse_here(self, expected: str) -> NoReturn:
        """Refuse what comes next, quoting it."""
        if self.check("QUOTE") and not self.check("STRING"):
            self.refuse("expected an end of the string that begins here")
        found = _RULES["SEGMENT"].match(self.text, self.at)
        here = found[0][:40] if found else self.text[self.at : self.at + 1]
        self.refuse(f"expected {expected}, not {here!r}" if here else f"expected {expected}")

    def refuse(self, problem: str, *, at: int | None = None) -> NoReturn:
        raise QuerySyntaxError(problem, source=self.text, at=self.at if at is None else at)

    def _skip(self) -> None:
        found = _SKIPPED.match(self.text, self.at)
        assert found is not None  # it matches the empty text too
        self.at = found.end()
        if self.text.startswith("/*", self.at):
            self.refuse("expected an end of the comment that begins here")
