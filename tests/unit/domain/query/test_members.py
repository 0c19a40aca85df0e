"""How the system's own members are spelled."""

import pytest

from affinage.domain.query.members import canonical, is_moment
from affinage.domain.query.syntax import Path


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("DEVICEID",), ("deviceId",)),
        (("LastActivityTime",), ("lastActivityTime",)),
        (("X509thumbprint", "Primary"), ("x509Thumbprint", "Primary")),
        (("Properties", "Desired", "A"), ("properties", "desired", "A")),
        (("properties", "reported"), ("properties", "reported")),
        (("Capabilities", "IotEdge"), ("capabilities", "iotEdge")),
        (("TAGS", "Tags"), ("tags", "Tags")),
        (("Tags", 0), ("tags", 0)),
        (("configurations", "A", "Status"), ("configurations", "A", "Status")),
        (("createdTimeUtc",), ("createdDateTimeUtc",)),
        (("Other", "Desired"), ("Other", "Desired")),
    ],
)
def test_members_of_the_system_mean_their_own_spelling(typed: Path, meant: Path) -> None:
    """QUERY-13."""
    assert canonical(typed) == meant


@pytest.mark.parametrize(
    "path",
    [
        ("lastActivityTime",),
        ("startTimeUtc",),
        ("properties", "reported", "$metadata", "a", "$lastUpdated"),
    ],
)
def test_what_the_hub_writes_is_a_moment(path: Path) -> None:
    """QUERY-22."""
    assert is_moment(path)


@pytest.mark.parametrize("path", [("tags", "lastActivityTime"), ("tags",), ("status",)])
def test_what_others_write_is_none(path: Path) -> None:
    """QUERY-22."""
    assert not is_moment(path)
