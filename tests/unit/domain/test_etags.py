"""domain/etags.py."""

import pytest

from affinage.domain.errors import EtagMismatch
from affinage.domain.etags import ANY, check_etag, etag_text


@pytest.mark.parametrize(
    ("etag", "text"), [(500000001, "NTAwMDAwMDAx"), (1, "MQ=="), (2, "Mg=="), (10, "MTA=")]
)
def test_an_etag_is_spelled_as_base64_of_its_digits(etag: int, text: str) -> None:
    """IDENTITY-23."""
    assert etag_text(etag) == text


def test_a_writer_names_the_etag_that_it_has_seen() -> None:
    """AUTHORITY-3, PROV-4"""
    for fine in (None, ANY, etag_text(7)):
        check_etag("policy 'cave'", 7, fine)
    for other in ("", etag_text(8), "7"):
        with pytest.raises(EtagMismatch, match=r"^ETag mismatch for policy 'cave'$"):
            check_etag("policy 'cave'", 7, other)
