"""Named groups: what may be one, and what conditions mean that name them."""

from typing import Any

import pytest

from affinage.domain import groups
from affinage.domain.errors import (
    EtagMismatch,
    Invalid,
    Malformed,
    Missing,
    QuerySyntaxError,
    TooLarge,
    UnknownGroup,
)
from affinage.domain.groups import MAX_DESCRIPTION, MAX_NESTING, Groups, create, document, update
from affinage.domain.query.parse import parse_condition, parse_query
from affinage.domain.query.syntax import to_text


def book(**conditions: str) -> Groups:
    found = Groups()
    for name, condition in conditions.items():
        found = found.with_group(create(name, {"condition": condition}, at=0))
    return found


def means(known: Groups, condition: str) -> str:
    return to_text(known.expanded(parse_condition(condition)))


def test_a_group_is_shown_as_it_was_given() -> None:
    """GROUP-1"""
    made = create("early", {"condition": "tags.a  = 1", "description": "Who goes first."}, at=0)
    assert document(made) == {
        "name": "early",
        "condition": "tags.a  = 1",
        "description": "Who goes first.",
        "createdAt": "1970-01-01T00:00:00Z",
        "updatedAt": "1970-01-01T00:00:00Z",
        "etag": "MQ==",
    }


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("Upper", {"condition": "*"}, Invalid),
        ("x" * 129, {"condition": "*"}, Invalid),
        ("a", {}, Missing),
        ("a", {"condition": " "}, Missing),
        ("a", {"condition": 1}, Malformed),
        ("a", {"condition": "*", "description": 1}, Malformed),
        ("a", {"condition": "*", "description": "x" * (MAX_DESCRIPTION + 1)}, Invalid),
        ("a", {"condition": "*", "name": "b"}, Invalid),
        ("a", {"condition": 'tags.a = "1"'}, QuerySyntaxError),
        ("a", {"condition": "FROM devices.modules WHERE tags.a = 1"}, QuerySyntaxError),
    ],
)
def test_what_is_no_group_is_refused(name: str, body: Any, error: type[Exception]) -> None:
    """GROUP-1, GROUP-2"""
    with pytest.raises(error):
        create(name, body, at=0)


def test_a_change_needs_the_etag_and_replaces_all_of_it() -> None:
    """GROUP-8"""
    made = create("a", {"condition": "*", "description": "all"}, at=0)
    with pytest.raises(EtagMismatch):
        update(made, {"condition": "*"}, if_match="Mg==", at=5)
    changed = update(made, {"condition": "tags.a = 1"}, if_match="MQ==", at=5)
    assert (changed.description, changed.etag, changed.updated_at) == ("", 2, 5)
    assert changed.created_at == 0


def test_a_condition_means_what_its_groups_say_wherever_they_stand() -> None:
    """GROUP-4"""
    known = book(a="tags.a = 1", b="GROUP('a') OR tags.b = 2")
    assert means(known, "GROUP('a')") == "tags.a = 1"
    assert means(known, "NOT GROUP('b') AND tags.c") == (
        "NOT (tags.a = 1 OR tags.b = 2) AND tags.c"
    )
    for inner in ("{} = true", "+{}", "1 + {} - 2", "2 * {}", "LENGTH({})", "{} IN [true]"):
        written_out = means(known, inner.format("GROUP('a')"))
        assert written_out == to_text(parse_condition(inner.format("(tags.a = 1)")))


def test_what_names_no_group_stays_the_same_object() -> None:
    known, condition = book(a="*"), parse_condition("tags.a = 1")
    assert known.expanded(condition) is condition
    for text in ("SELECT * FROM devices", "SELECT * FROM devices WHERE tags.a = 1"):
        query = parse_query(text)
        assert known.expanded_query(query) is query


def test_a_query_means_what_its_groups_say() -> None:
    """GROUP-4"""
    query = parse_query("SELECT deviceId FROM devices WHERE GROUP('a')")
    expanded = book(a="tags.a = 1").expanded_query(query)
    assert to_text(expanded) == "SELECT deviceId FROM devices WHERE tags.a = 1"


def test_a_group_that_is_not_there_is_refused_and_left_as_it_stands() -> None:
    """GROUP-3"""
    known = book(a="*")
    with pytest.raises(UnknownGroup, match="no group b"):
        known.check(parse_condition("GROUP('a') OR GROUP('b')"))
    assert means(known, "GROUP('b')") == "GROUP('b')"
    known.check(parse_query("SELECT * FROM devices WHERE GROUP('a')"))
    known.check(parse_query("SELECT * FROM devices"))


def test_a_group_does_not_name_itself_be_it_through_others() -> None:
    """GROUP-3"""
    for known in (book(a="GROUP('a')"), book(b="GROUP('a')", a="GROUP('b') OR tags.c")):
        with pytest.raises(Invalid, match="group a would name itself"):
            known.check_group("a")


def test_groups_stand_in_one_another_only_so_deep() -> None:
    """GROUP-5"""
    named = {f"g{n}": f"GROUP('g{n - 1}')" for n in range(1, MAX_NESTING)}
    known = book(g0="*", **named)
    known.check(parse_condition(f"GROUP('g{MAX_NESTING - 1}')"))
    deeper = book(base="*", g0="GROUP('base')", **named)
    with pytest.raises(TooLarge, match=f"{MAX_NESTING + 1} of {MAX_NESTING} groups"):
        deeper.check(parse_condition(f"GROUP('g{MAX_NESTING - 1}')"))


def test_a_condition_does_not_grow_without_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """GROUP-5: six groups, each naming the one before six times."""
    named = {f"g{n}": " OR ".join([f"GROUP('g{n - 1}')"] * 6) for n in range(1, 7)}
    known = book(g0="tags.a = 1", **named)
    with pytest.raises(TooLarge, match="of 10000 parts"):
        known.check_group("g0")
    deep = book(a=f"{'NOT ' * 32}tags.a", b=f"{'NOT ' * 32}GROUP('a')")
    monkeypatch.setattr(groups, "MAX_LEVELS", 65)
    deep.check(parse_condition("GROUP('b')"))
    with pytest.raises(TooLarge, match="66 of 65 levels"):
        deep.check(parse_condition("NOT GROUP('b')"))


def test_a_group_is_known_by_whom_it_is_named() -> None:
    """GROUP-6, GROUP-7"""
    known = book(a="*", b="GROUP('a')", c="GROUP('b') AND GROUP('a')", d="*")
    assert (known.naming("a"), known.naming("c")) == (["b", "c"], [])
    assert known.names(["c"]) == {"a", "b", "c"}
    assert known.names(["x"]) == {"x"}
    assert sorted(known.without("a").by_name) == ["b", "c", "d"]
    assert known.without("a").expanded(parse_condition("GROUP('c')")) == parse_condition(
        "GROUP('a') AND GROUP('a')"
    )


def test_what_is_larger_through_a_group_that_is_gone_is_measured_too() -> None:
    known = book(b="GROUP('a')")
    with pytest.raises(UnknownGroup, match="no group a"):
        known.check_group("b")
    known.check(parse_condition("GROUP('b')"))


def test_a_group_that_others_do_not_name_is_no_matter_of_theirs() -> None:
    """GROUP-5"""
    known = book(a="tags.a = 1", b="GROUP('a')", broken="GROUP('nobody')")
    known.check_group("a")
    with pytest.raises(UnknownGroup):
        known.check_group("broken")
