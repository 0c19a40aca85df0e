"""The system members at the root of a row: how they are spelled, and which are moments.

A query may spell them in any case; below `tags`, the properties and `configurations` the names are
the solution's own, and are taken as they stand.
"""

from typing import Final

from affinage.domain.query.syntax import Path

TWIN_MEMBERS: Final = frozenset(
    {
        *("deviceId", "moduleId", "etag", "deviceEtag", "version", "modelId"),
        *("status", "statusReason", "statusUpdateTime"),
        *("connectionState", "lastActivityTime", "cloudToDeviceMessageCount", "productInfo"),
        *("authenticationType", "x509Thumbprint", "capabilities", "deviceScope", "parentScopes"),
        *("tags", "properties", "configurations"),
    }
)
JOB_MEMBERS: Final = frozenset(
    {
        *("deviceId", "moduleId", "jobId", "jobType", "status", "outcome", "error"),
        *("startTimeUtc", "endTimeUtc", "createdDateTimeUtc", "lastUpdatedDateTimeUtc"),
    }
)

_ROOTS: Final = {name.lower(): name for name in TWIN_MEMBERS | JOB_MEMBERS} | {
    "createdtimeutc": "createdDateTimeUtc"  # Microsoft's own samples say so
}
_INNER: Final[dict[tuple[str | int, str], str]] = {
    ("properties", "desired"): "desired",
    ("properties", "reported"): "reported",
    ("capabilities", "iotedge"): "iotEdge",
}
_MOMENTS: Final = frozenset(
    {
        *("statusUpdateTime", "lastActivityTime"),
        *("startTimeUtc", "endTimeUtc", "createdDateTimeUtc", "lastUpdatedDateTimeUtc"),
    }
)


def canonical(path: Path) -> Path:
    """The path with its system members spelled as the wire spells them.

    Source: QUERY-13.
    """
    root, *rest = path
    root = _ROOTS.get(str(root).lower(), root)
    return (root, *_inner(root, rest))


def _inner(root: str | int, rest: list[str | int]) -> list[str | int]:
    if not rest:
        return rest
    name, *below = rest
    return [_INNER.get((root, str(name).lower()), name), *below]


def is_moment(path: Path) -> bool:
    """Whether the hub itself writes moments there, so that they compare as instants.

    Source: QUERY-22.
    """
    return path[-1] == "$lastUpdated" or (len(path) == 1 and path[0] in _MOMENTS)
