"""Configurations whose conditions watch what a busy fleet writes, and what they make of a twin.

The expectation is computed here by other means than the hub's: a function per condition, and the
greatest priority. So it says of any twin, as found, whether it is as it must be.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

STATUSES: Final = ("ready", "busy", "full", "idle")
RINGS: Final = ("a", "b", "c")
MODE: Final = "mode"
"""The desired property that all of them write."""

Holds = Callable[[dict[str, Any]], bool]


def reported(twin: dict[str, Any], name: str) -> Any:
    return twin["properties"]["reported"].get(name)


def tag(twin: dict[str, Any], name: str) -> Any:
    return twin.get("tags", {}).get(name)


CONDITIONS: Final[dict[str, Holds]] = {
    "properties.reported.status = 'ready'": lambda twin: reported(twin, "status") == "ready",
    "properties.reported.status IN ['busy', 'full'] AND tags.ring = 'b'": lambda twin: (
        reported(twin, "status") in {"busy", "full"} and tag(twin, "ring") == "b"
    ),
    "properties.reported.n >= 20 AND NOT tags.ring = 'c'": lambda twin: (
        (reported(twin, "n") or 0) >= 20
        and tag(twin, "ring") is not None
        and tag(twin, "ring") != "c"
    ),
    "tags.ring = 'a'": lambda twin: tag(twin, "ring") == "a",
    "tags.ring IN ['b', 'c']": lambda twin: tag(twin, "ring") in {"b", "c"},
}
"""Target conditions, and what they mean."""

IN_FORCE: Final = tuple(zip(("ready", "loaded", "late"), CONDITIONS, (10, 20, 5), strict=False))
"""Ids, conditions and priorities that stay."""

ON_THE_MOVE: Final = tuple(CONDITIONS)[-2:]
"""Conditions for a configuration that comes, changes and goes."""


def configuration(name: str, condition: str, priority: int, mark: int = 0) -> dict[str, Any]:
    """``mark`` tells the contents of two configurations of one name apart."""
    content = {"deviceContent": {f"properties.desired.{MODE}": {"by": name, "mark": mark}}}
    return {"id": name, "content": content, "targetCondition": condition, "priority": priority}


def strays(
    twins: Iterable[dict[str, Any]], configurations: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The twins that are not as the configurations make them."""
    return [twin for twin in twins if not _is_settled(twin, configurations)]


def _is_settled(twin: dict[str, Any], configurations: Sequence[dict[str, Any]]) -> bool:
    met = [each for each in configurations if CONDITIONS[each["targetCondition"]](twin)]
    first = max(met, key=lambda each: int(each["priority"]), default=None)
    wanted = first and first["content"]["deviceContent"][f"properties.desired.{MODE}"]
    statuses = {each["id"]: {"status": "Applied" if each is first else "Targeted"} for each in met}
    found = twin["properties"]["desired"].get(MODE)
    return bool(found == wanted) and twin.get("configurations", {}) == statuses
