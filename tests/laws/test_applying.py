"""Laws of applying files: what was written as a document says needs nothing more."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from affinage.apps.cli.differences import Action, step
from affinage.apps.cli.documents import Document, Kind
from affinage.domain import groups
from affinage.domain.configuration import create, document, update
from affinage.domain.etags import etag_text
from affinage.domain.names import TwinKey
from affinage.domain.row import section
from affinage.domain.twin import Twin, TwinPatch, patch
from affinage.domain.values import JsonObject
from laws.strategies import lived, patches

NAMES = st.sampled_from(["a", "b", "c"])
LABELS = st.none() | st.dictionaries(NAMES, NAMES, max_size=2)
KEY = TwinKey("d")

conditions = st.sampled_from(["", "*", "tags.a = 1", "NOT tags.b", "GROUP('a')"])
rules = st.fixed_dictionaries(
    {"content": st.just({"deviceContent": {"properties.desired.a": 1}})},
    optional={
        "labels": LABELS,
        "targetCondition": conditions,
        "priority": st.integers(0, 9),
        "metrics": st.builds(
            lambda names: {"queries": dict.fromkeys(names, "SELECT * FROM devices")},
            st.lists(NAMES),
        ),
        "schemaVersion": st.sampled_from(["1.0", "2.0"]),
    },
)
named = st.fixed_dictionaries(
    {"condition": st.sampled_from(["*", "tags.a = 1"]), "description": st.sampled_from(["", "x"])}
)


def said(kind: Kind, body: JsonObject) -> Document:
    return Document(kind, "d", body, Path("d.yaml"), is_alone=True)


@given(rules, rules)
def test_a_configuration_that_was_applied_is_as_it_shall_be(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """APPLY-4"""
    one = create("d", before, generation=1, at=0)
    shown = document(one, system_results={}, custom_results={})
    todo = step(said(Kind.CONFIGURATION, wanted), shown)
    assert todo.etag == etag_text(one.etag)
    if todo.action is Action.CHANGED:
        one = update(one, wanted, if_match=todo.etag, at=1)
    again = step(
        said(Kind.CONFIGURATION, wanted), document(one, system_results={}, custom_results={})
    )
    assert again.action is Action.UNCHANGED


@given(named, named)
def test_a_group_that_was_applied_is_as_it_shall_be(
    before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """APPLY-4"""
    one = groups.create("d", before, at=0)
    todo = step(said(Kind.GROUP, wanted), groups.document(one))
    if todo.action is Action.CHANGED:
        one = groups.update(one, wanted, if_match=todo.etag, at=1)
    assert step(said(Kind.GROUP, wanted), groups.document(one)).action is Action.UNCHANGED
    assert (todo.action is Action.CHANGED) == (before != wanted)


def shown(twin: Twin) -> JsonObject:
    return {"etag": "e", "tags": twin.tags, "properties": {"desired": section(twin.desired)}}


@given(lived, patches, patches)
def test_a_twin_that_was_applied_is_as_it_shall_be(
    twin: Twin, new_tags: JsonObject, new_desired: JsonObject
) -> None:
    """APPLY-4: and it is what a patch of the whole document would have made."""
    one = said(Kind.DEVICE, {"tags": new_tags, "desired": new_desired})
    todo = step(one, shown(twin))
    sent = todo.patch or {}
    properties: Any = sent.get("properties", {})
    given: Any = {"tags": sent.get("tags", {}), "desired": properties.get("desired", {})}
    made, _ = patch(KEY, twin, TwinPatch(**given), at=1)
    whole, _ = patch(KEY, twin, TwinPatch(new_tags, new_desired), at=1)
    assert (made.tags, made.desired.values) == (whole.tags, whole.desired.values)
    assert step(one, shown(made)).action is Action.UNCHANGED
    assert bool(sent) == (todo.action is Action.CHANGED)
