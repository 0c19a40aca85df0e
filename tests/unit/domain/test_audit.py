"""domain/audit.py: what an entry says, how it is sealed, and what of a chain is broken."""

from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain import audit
from affinage.domain.audit import GENESIS, HIDDEN, Anchor, Deed, Entry
from affinage.domain.errors import Malformed
from affinage.domain.names import TwinKey
from affinage.domain.principal import Kind, Principal
from fakes.commits import device

BY = Principal(Kind.POLICY, "service", "https", "7")


def chain(count: int) -> list[Entry]:
    made, tip = list[Entry](), Anchor()
    for number in range(count):
        made.append(audit.entry(Deed(BY, "twin.patch", f"d{number}", None, "ab"), tip, number))
        tip = Anchor(made[-1].number, made[-1].hash)
    return made


def test_an_entry_says_who_did_what_and_follows_another() -> None:
    """AUDIT-1, AUDIT-5"""
    first, second = chain(2)
    assert (first.number, first.previous, second.number) == (1, GENESIS, 2)
    assert second.previous == first.hash
    shown = audit.document(second)
    actor = {"kind": "policy", "name": "service", "door": "https", "requestId": "7"}
    assert (shown["actor"], shown["at"]) == (actor, "1970-01-01T00:00:00.001Z")
    assert (shown["before"], shown["after"]) == (None, "ab")
    assert [audit.read(audit.document(one)) for one in (first, second)] == [first, second]


@pytest.mark.parametrize("wrong", [None, {}, [], {"number": "x"}, "entry"])
def test_what_is_no_entry_is_refused(wrong: Any) -> None:
    with pytest.raises(Malformed):
        audit.read(wrong)
    with pytest.raises(Malformed):
        audit.read({**audit.document(chain(1)[0]), "at": "yesterday"})


@pytest.mark.parametrize("name", ["number", "at", "name", "action", "subject", "before", "hash"])
def test_a_changed_member_is_found(name: str) -> None:
    """AUDIT-6"""
    (one,) = chain(1)
    assert audit.fault(one, None) is None
    other: Any = 9 if isinstance(getattr(one, name), int) else "other"
    found = audit.fault(replace(one, **{name: other}), None)
    assert found
    assert found.endswith("is not as it was written")


def test_a_missing_entry_is_found_and_one_of_another_chain() -> None:
    """AUDIT-6"""
    first, second, third = chain(3)
    assert audit.fault(first, second) is None
    assert audit.fault(first, third) == "entries 2 to 2 are missing"
    alien = replace(second, subject="x")
    alien = replace(alien, hash=audit.seal(alien))
    assert audit.fault(alien, third) == "entry 3 does not follow entry 2"


def test_the_log_begins_where_its_anchor_says() -> None:
    """AUDIT-9"""
    first, second = chain(2)
    anchor = Anchor(first.number, first.hash)
    assert audit.fault_at_the_beginning(first, Anchor()) is None
    assert audit.fault_at_the_beginning(second, anchor) is None
    assert audit.fault_at_the_beginning(None, Anchor()) is None
    assert audit.fault_at_the_beginning(second, Anchor()) == "entries 1 to 1 are missing"
    wrong = Anchor(1, GENESIS)
    assert audit.fault_at_the_beginning(second, wrong) == "entry 2 does not follow what was pruned"
    assert audit.fault_at_the_beginning(None, anchor) == "the entries after 1 are missing"


def test_no_secret_is_in_what_a_digest_is_made_of() -> None:
    """AUDIT-4"""
    told: Any = {"a": [{"Password": "x", "user": "y"}], "m.env.secret": {"b": 1}}
    assert audit.without_secrets(told) == {
        "a": [{"Password": HIDDEN, "user": "y"}],
        "m.env.secret": HIDDEN,
    }


def test_a_digest_is_of_the_content_in_any_order_and_of_nothing_none() -> None:
    """AUDIT-3"""
    assert audit.digest({"a": 1, "b": 2}) == audit.digest({"b": 2, "a": 1})
    assert audit.digest({"a": 1}) != audit.digest({"a": 2})
    assert audit.digest(None) is None


def test_a_devices_digest_is_of_its_identity_tags_and_desired_but_not_of_its_keys() -> None:
    """AUDIT-3, AUDIT-4"""
    one = device("d", {"a": 1}, "m")
    other_keys = replace(one.identity.credentials, primary_key=b"sealed other")
    rekeyed = replace(one, identity=replace(one.identity, credentials=other_keys))
    retagged = replace(one, twin=replace(one.twin, tags={"a": 2}))
    key, module = TwinKey("d"), TwinKey("d", "m")
    assert audit.digest_of(rekeyed, key) == audit.digest_of(one, key)
    assert audit.digest_of(retagged, key) != audit.digest_of(one, key)
    assert audit.digest_of(retagged, module) == audit.digest_of(one, module)
    assert audit.digest_of(None, key) is audit.digest_of(one, TwinKey("d", "x")) is None
