"""adapters/http/addresses.py; how addresses may be spelled: test_blobs.py, over the same rows."""

import pytest

from affinage.adapters.http.addresses import Allowed


@pytest.mark.parametrize(
    ("url", "is_admitted"),
    [
        ("https://a.test/api/choose?code=secret", True),
        ("https://a.test:443/api", True),
        ("http://b.test:8080/", True),
        ("https://a.test/apis", False),
        ("https://a.test/api/../other", False),
        ("https://u:p@a.test/api", False),
        ("ftp://b.test:8080/", False),
        ("https://a.test:port/api", False),
        ("https://[a/api", False),
        ("", False),
    ],
)
def test_only_what_is_below_an_allowed_address_is_admitted(url: str, is_admitted: bool) -> None:
    assert Allowed(["https://a.test/api", "http://b.test:8080"]).admits(url) is is_admitted
