"""The language in which commands of `az iot` are written down."""

import pytest

from fakes.az_iot import at, filled_in

ANSWER = {"a": [{"b.c": 1}, {"d": None}], "n": {}}


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.0.[b.c]", 1), ("a.1.d", None), ("a.length()", 2), ("n", {}), ("", ANSWER)],
)
def test_a_path_leads_to_what_is_there(path: str, found: object) -> None:
    assert at(ANSWER, path) == found


@pytest.mark.parametrize("path", ["b", "a.2", "a.0.b", "a.1.d.e"])
def test_what_an_extension_reads_must_be_there(path: str) -> None:
    with pytest.raises(AssertionError, match="in"):
        at(ANSWER, path)


def test_what_was_kept_is_filled_in_whole_or_within_a_text() -> None:
    known = {"read": {"a": 1, "b": 2}, "d": "pump"}
    asked = {"**": "$read", "b": ["$d", "is $d", "$other"], "$d": True}
    assert filled_in(asked, known) == {"a": 1, "b": ["pump", "is pump", "$other"], "pump": True}
