"""The value of a number or a string from its spelling in a query."""

import math
import re
from typing import Final

from affinage.domain.query.tokenizer import Token, Tokenizer

MAX_DIGITS: Final = 400
"""Characters in a number: more than any double needs, fewer than Python refuses."""

_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)|''|\"\"", re.DOTALL)
_NAMED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def number(tokens: Tokenizer, token: Token, sign: str = "") -> int | float:
    """An integer as such; with a fraction or an exponent, a float.

    Raises:
        QuerySyntaxError: no double is that large, or it has more than MAX_DIGITS digits.

    Source: QUERY-8.
    """
    if len(token.text) > MAX_DIGITS:
        tokens.refuse(f"the number has {len(token.text)} of {MAX_DIGITS} characters", at=token.at)
    value = _value(sign + token.text)
    try:
        is_finite = math.isfinite(value)
    except OverflowError:
        is_finite = False
    if not is_finite:
        tokens.refuse("expected a number that a double can hold", at=token.at)
    return value


def _value(text: str) -> int | float:
    if "x" in text or "X" in text:
        return int(text, 16)
    return float(text) if set(".eE") & set(text) else int(text)


def string(tokens: Tokenizer, token: Token) -> str:
    """What stands between the quotes, its escapes resolved.

    Raises:
        QuerySyntaxError: an escape names half of a pair of surrogates.

    Source: QUERY-7.
    """
    quote, inner = token.text[0], token.text[1:-1]

    def resolved(found: re.Match[str]) -> str:
        code, escaped = found.groups()
        if code:
            return chr(int(code, 16))
        if escaped:
            return _NAMED.get(escaped, escaped)
        return quote if found[0][0] == quote else found[0]

    try:
        return _ESCAPE.sub(resolved, inner).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        tokens.refuse("expected whole characters, not half a pair", at=token.at)
