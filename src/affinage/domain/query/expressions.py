"""Read an expression or a path: the part of the grammar that conditions and columns share.

Each function's docstring is its rule of the grammar, from the loosest to the tightest.
"""

from typing import Final, Literal, cast

from affinage.domain.errors import Invalid
from affinage.domain.names import check_group_name
from affinage.domain.query.constants import number, string
from affinage.domain.query.functions import FUNCTIONS
from affinage.domain.query.members import canonical
from affinage.domain.query.syntax import (
    RESERVED,
    UNDEFINED,
    And,
    Array,
    Call,
    Comparator,
    Comparison,
    Constant,
    Expr,
    In,
    InGroup,
    Lookup,
    Not,
    Or,
    Path,
    Primitive,
    Product,
    Signed,
    Sum,
    Undefined,
)
from affinage.domain.query.tokenizer import Tokenizer

_A_VALUE: Final = "a value: a path, a constant, a function or '('"
_WORDS: Final[dict[str, Primitive | Undefined]] = {
    "undefined": UNDEFINED,
    "null": None,
    "true": True,
    "false": False,
}
_NONE: Final = object()
"""No constant; None is one."""


def parse_expr(tokens: Tokenizer) -> Expr:
    """and-expr , { "OR" , and-expr }"""
    terms = [_parse_and(tokens)]
    while tokens.accept_word("or"):
        terms.append(_parse_and(tokens))
    return terms[0] if len(terms) == 1 else Or(tuple(terms))


def _parse_and(tokens: Tokenizer) -> Expr:
    """not-expr , { "AND" , not-expr | ? the next word is NOT ? , not-expr }"""
    terms = [_parse_not(tokens)]
    while tokens.accept_word("and") or tokens.word() == "not":
        terms.append(_parse_not(tokens))
    return terms[0] if len(terms) == 1 else And(tuple(terms))


def _parse_not(tokens: Tokenizer) -> Expr:
    """ "NOT" , not-expr | compare"""
    if not tokens.accept_word("not"):
        return _parse_compare(tokens)
    tokens.deeper()
    operand = _parse_not(tokens)
    tokens.depth -= 1
    return Not(operand)


def _parse_compare(tokens: Tokenizer) -> Expr:
    """sum , [ comparator , sum | ( "IN" | "NIN" | "NOT" , "IN" ) , array ]"""
    left = _parse_sum(tokens)
    if sign := tokens.accept("COMPARATOR"):
        comparator = Comparator("!=" if sign.text == "<>" else sign.text)
        return Comparison(comparator, left, _parse_sum(tokens))
    if tokens.accept_word("in"):
        return In(left, _parse_array(tokens, "a list, as ['a', 'b'], after IN"))
    if tokens.accept_word("nin") or _parse_not_in(tokens):
        return In(left, _parse_array(tokens, "a list, as ['a', 'b'], after NOT IN"), negated=True)
    return left


def _parse_not_in(tokens: Tokenizer) -> bool:
    """[ "NOT" , "IN" ]"""
    start = tokens.at
    if tokens.accept_word("not") and tokens.accept_word("in"):
        return True
    tokens.at = start  # this NOT begins a term of its own
    return False


def _parse_sum(tokens: Tokenizer) -> Expr:
    """product , { ( "+" | "-" ) , product }"""
    first, rest = _parse_product(tokens), []
    while sign := tokens.accept("SIGN"):
        rest.append((sign.text, _parse_product(tokens)))
    return Sum(first, tuple(rest)) if rest else first


def _parse_product(tokens: Tokenizer) -> Expr:
    """signed , { ( "*" | "/" | "%" ) , signed }"""
    first, rest = _parse_signed(tokens), []
    while sign := tokens.accept("FACTOR"):
        rest.append((sign.text, _parse_signed(tokens)))
    return Product(first, tuple(rest)) if rest else first


def _parse_signed(tokens: Tokenizer) -> Expr:
    """( "-" | "+" ) , ( number | signed ) | primary"""
    sign = tokens.accept("SIGN")
    if not sign:
        return _parse_primary(tokens)
    if token := tokens.accept("NUMBER"):
        return Constant(number(tokens, token, sign.text))
    tokens.deeper()
    operand = _parse_signed(tokens)
    tokens.depth -= 1
    return Signed(cast(Literal["+", "-"], sign.text), operand)


def _parse_primary(tokens: Tokenizer) -> Expr:
    """ "(" , expr , ")" | array | constant | group | call | path"""
    if tokens.accept("OPEN"):
        tokens.deeper()
        inner = parse_expr(tokens)
        tokens.depth -= 1
        tokens.expect("CLOSE", "an operator or ')'")
        return inner
    if tokens.check("BRACKET"):
        return Array(_parse_array(tokens, "a list"))
    if (value := _parse_constant(tokens)) is not _NONE:
        return Constant(cast("Primitive | Undefined", value))
    return _parse_group(tokens) or _parse_call(tokens) or _parse_lookup(tokens)


def _parse_group(tokens: Tokenizer) -> InGroup | None:
    """ "GROUP" , "(" , string , ")" """
    start = tokens.at
    if not (tokens.accept_word("group") and tokens.accept("OPEN")):
        tokens.at = start
        return None
    token = tokens.expect("STRING", "the name of a group, as in GROUP('canaries')")
    name = string(tokens, token)
    try:
        check_group_name(name)
    except Invalid as error:
        tokens.refuse(str(error), at=token.at)
    tokens.expect("CLOSE", "')'")
    return InGroup(name, start)


def _parse_call(tokens: Tokenizer) -> Call | None:
    """name , "(" , [ expr , { "," , expr } ] , ")" """
    start = tokens.at
    word = None if tokens.word() in RESERVED else tokens.accept("WORD")
    if not word or not tokens.accept("OPEN"):
        tokens.at = start
        return None
    name = word.text.upper()
    if name not in FUNCTIONS:
        tokens.refuse(f"expected a function, and {word.text[:40]} is none", at=start)
    arguments = _parse_arguments(tokens)
    if not FUNCTIONS[name].takes(len(arguments)):
        arity = FUNCTIONS[name].arity
        tokens.refuse(f"{name} was given {len(arguments)} values, and takes {arity}", at=start)
    return Call(name, arguments)


def _parse_arguments(tokens: Tokenizer) -> tuple[Expr, ...]:
    """[ expr , { "," , expr } ] , ")" """
    tokens.deeper()
    found: list[Expr] = []
    while found or not tokens.check("CLOSE"):
        found.append(parse_expr(tokens))
        if not tokens.accept("COMMA"):
            break
    tokens.depth -= 1
    tokens.expect("CLOSE", "',' or ')'")
    return tuple(found)


def _parse_array(tokens: Tokenizer, expected: str) -> tuple[Primitive | Undefined, ...]:
    """ "[" , [ element , { "," , element } ] , "]" """
    tokens.expect("BRACKET", expected)
    values: list[Primitive | Undefined] = []
    while values or not tokens.check("END_BRACKET"):
        values.append(_parse_element(tokens))
        if not tokens.accept("COMMA"):
            break
    tokens.expect("END_BRACKET", "',' or ']'")
    return tuple(values)


def _parse_element(tokens: Tokenizer) -> Primitive | Undefined:
    """[ "-" | "+" ] , number | constant"""
    if sign := tokens.accept("SIGN"):
        return number(tokens, tokens.expect("NUMBER", "a number"), sign.text)
    value = _parse_constant(tokens)
    if value is _NONE:
        tokens.refuse_here("a constant: a string, a number, true, false or null")
    return cast("Primitive | Undefined", value)


def _parse_constant(tokens: Tokenizer) -> object:
    """ "undefined" | "null" | "true" | "false" | number | string"""
    if word := tokens.accept_word(*_WORDS):
        return _WORDS[word.text.lower()]
    if token := tokens.accept("NUMBER"):
        return number(tokens, token)
    if token := tokens.accept("STRING"):
        return string(tokens, token)
    return _NONE


def _parse_lookup(tokens: Tokenizer) -> Lookup:
    """path"""
    at = tokens.at
    return Lookup(parse_path(tokens, _A_VALUE), at)


def parse_path(tokens: Tokenizer, expected: str) -> Path:
    """
    [ collection , "." ] , ( word | escaped ) ,
    { "." , ( segment | escaped ) | "[" , ( integer | string ) , "]" }
    """
    _parse_prefix(tokens)
    if tokens.check("WORD") and tokens.word() in RESERVED:
        tokens.refuse_here(expected)
    if token := tokens.accept("ESCAPED"):
        steps: list[str | int] = [token.text[2:-2]]
    else:
        steps = [tokens.expect("WORD", expected).text]
    while tokens.check("DOT") or tokens.check("BRACKET"):
        steps.append(_parse_step(tokens))
    return canonical(tuple(steps))


def _parse_prefix(tokens: Tokenizer) -> None:
    """[ "devices" , "." , [ ( "modules" | "jobs" ) , "." ] ]"""
    if not tokens.accept_word("devices"):
        return
    tokens.expect("DOT", "'.' and a name after devices")
    start = tokens.at
    if tokens.accept_word("modules", "jobs") and tokens.accept("DOT"):
        return
    tokens.at = start


def _parse_step(tokens: Tokenizer) -> str | int:
    """ "." , name | "[" , ( integer | string ) , "]" """
    if tokens.accept("DOT"):
        return parse_name(tokens, "a name after '.'")
    tokens.expect("BRACKET", "'['")
    if token := tokens.accept("STRING"):
        step: str | int = string(tokens, token)
    else:
        step = int(number(tokens, tokens.expect("INTEGER", "a number or a string after '['")))
    tokens.expect("END_BRACKET", "']'")
    return step


def parse_name(tokens: Tokenizer, expected: str) -> str:
    """segment | escaped"""
    if token := tokens.accept("ESCAPED"):
        return token.text[2:-2]
    return tokens.expect("SEGMENT", expected).text
