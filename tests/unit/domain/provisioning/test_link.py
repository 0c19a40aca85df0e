from typing import Any

import pytest

from affinage.domain.errors import AffinageError, Invalid, Malformed, Missing
from affinage.domain.etags import etag_text
from affinage.domain.provisioning.link import (
    Credentials,
    Link,
    Reading,
    changed,
    created,
    document,
    own,
    weighed,
)

READING = Reading(lambda text: Credentials(text, "link", "key"), lambda key: f"~{key}".encode())
LINKED = Link("h2.test", 1, 7, "link", b"~key")


def test_a_hub_is_linked_by_a_connection_string() -> None:
    """LINK-1, LINK-2."""
    assert created("H2.test", {"connectionString": "h2.TEST"}, READING, etag=7) == LINKED
    body: Any = {"connectionString": "h2.test", "weight": 1000, "port": 8443, "certificate": "P"}
    assert created("h2.test", body, READING, etag=1) == Link(
        "h2.test", 1000, 1, "link", b"~key", 8443, "P"
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, Missing),
        ({"connectionString": 1}, Malformed),
        ({"connectionString": "h3.test"}, Invalid),
        ({"connectionString": "h2.test", "weight": 0}, Invalid),
        ({"connectionString": "h2.test", "weight": 1001}, Invalid),
        ({"connectionString": "h2.test", "weight": True}, Malformed),
        ({"connectionString": "h2.test", "port": "443"}, Malformed),
        ({"connectionString": "h2.test", "port": 65_536}, Invalid),
        ({"connectionString": "h2.test", "certificate": 1}, Malformed),
        ({"connectionString": "h2.test", "certificate": "P" * 16_385}, Invalid),
    ],
)
def test_what_is_no_link_is_refused(body: Any, error: type[AffinageError]) -> None:
    """LINK-1 to LINK-3."""
    with pytest.raises(error):
        created("h2.test", body, READING, etag=1)


def test_what_a_change_does_not_name_stays() -> None:
    """LINK-4."""
    certified = changed(LINKED, {"weight": 5, "certificate": "P"}, READING)
    assert certified == Link("h2.test", 5, 8, "link", b"~key", certificate="P")
    assert changed(certified, {"port": 444}, READING).certificate == "P"
    assert changed(certified, {"certificate": None}, READING).certificate is None


def test_of_the_hub_itself_only_the_weight_changes() -> None:
    """LINK-5."""
    itself = own("H1.test")
    assert weighed(itself, {"weight": 9, "host": "h1.test"}) == Link("h1.test", 9, 1)
    with pytest.raises(Invalid, match="only the weight"):
        weighed(itself, {"connectionString": "h1.test"})


def test_a_link_is_shown_without_its_key() -> None:
    """LINK-4."""
    shown = document(LINKED, is_own=False)
    assert shown == {
        "host": "h2.test",
        "weight": 1,
        "isOwn": False,
        "etag": etag_text(7),
        "policy": "link",
        "port": 443,
        "certificate": None,
    }
    assert "policy" not in document(own("h1.test"), is_own=True)
