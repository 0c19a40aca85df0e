"""domain/uploads.py."""

import pytest

from affinage.domain.errors import Invalid
from affinage.domain.uploads import Notice, blob_of


@pytest.mark.parametrize("name", ["a", "logs/2026 01.txt", "ü/..x", "a%2Fb", "a" * 200, ".hidden"])
def test_a_blob_is_below_its_devices_name(name: str) -> None:
    """UPLOAD-3"""
    assert blob_of("pump-1", name) == f"pump-1/{name}"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "has 0 bytes"),
        ("/".join(["a" * 100] * 9), "has 908 bytes: it must have 1 to 896"),
        ("a/" * 32 + "a", "33 of 32 parts"),
        ("ü" * 101, "202 of 200 bytes"),
        ("../other/x", "cannot be a part"),
        ("a/./b", "cannot be a part"),
        ("a//b", "cannot be a part"),
        ("/a", "cannot be a part"),
        ("a\\b", "cannot be a part"),
        ("a\nb", "cannot be a part"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_name_that_would_lead_elsewhere_is_refused(name: str, why: str) -> None:
    """UPLOAD-3"""
    with pytest.raises(Invalid, match=why):
        blob_of("pump-1", name)


def test_a_notice_is_told_as_clients_read_it() -> None:
    """UPLOAD-22"""
    notice = Notice("d", "d/x", "https://hub/uploads/d/x", 7, 0, 1000)
    assert notice.document() == {
        "deviceId": "d",
        "blobUri": "https://hub/uploads/d/x",
        "blobName": "d/x",
        "lastUpdatedTime": "1970-01-01T00:00:00Z",
        "blobSizeInBytes": 7,
        "enqueuedTimeUtc": "1970-01-01T00:00:01Z",
    }
