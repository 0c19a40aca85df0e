"""Labels: which configurations have those that are asked for, and which share one."""

import pytest
from msgspec.structs import replace

from affinage.domain.errors import Invalid
from affinage.domain.labels import grouped, has, label_of, wanted
from affinage.domain.values import JsonObject
from fakes.reconciling import configured


def test_a_label_is_asked_for_with_its_text_or_with_any() -> None:
    """CONFIGURATION-41"""
    one = replace(configured("one"), labels={"wave": "pilot", "team": "a=b"})
    assert wanted(["wave=pilot", "team"]) == {"wave": "pilot", "team": None}
    for asked in ([], ["wave"], ["wave=pilot", "team=a=b"]):
        assert has(one, wanted(asked))
    for asked in (["wave="], ["wave=early"], ["site"], ["wave=pilot", "site"]):
        assert not has(one, wanted(asked))
    assert not has(configured("two"), wanted(["wave"]))


@pytest.mark.parametrize("texts", [[""], ["=a"], ["a=1", "a=2"], ["a", "a"]])
def test_a_label_is_named_once(texts: list[str]) -> None:
    with pytest.raises(Invalid, match="say a name once"):
        wanted(texts)


def test_what_to_group_by_is_a_label() -> None:
    assert label_of("label:wave") == "wave"
    for text in ("wave", "label:", ""):
        with pytest.raises(Invalid, match="it takes label: and a name"):
            label_of(text)


def test_configurations_are_grouped_by_the_texts_of_a_label() -> None:
    """CONFIGURATION-41"""
    given = [("a", {"wave": "x"}), ("b", None), ("c", {"wave": "e"}), ("d", {"wave": "x"})]
    documents: list[JsonObject] = [
        {"id": name, "labels": {**labels} if labels else None} for name, labels in given
    ]
    found = [(text, [one["id"] for one in some]) for text, some in grouped(documents, "wave")]
    assert found == [("e", ["c"]), ("x", ["a", "d"]), (None, ["b"])]
