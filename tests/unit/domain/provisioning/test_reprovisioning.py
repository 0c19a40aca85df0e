"""What becomes of a device that registers again."""

import pytest

from affinage.domain.provisioning.enrollment import Reprovisioning
from affinage.domain.provisioning.registration import Assignment, Substatus
from affinage.domain.provisioning.reprovisioning import Move, plan

MIGRATE, RESET = Reprovisioning(), Reprovisioning(migrates=False)
NEVER = Reprovisioning(updates_hub=False)
HERE = Assignment("one", "dev1", Substatus.INITIAL, "one")
AWAY = Assignment("two", "dev1", Substatus.MIGRATED, "one")
NEW = "2021-06-01"


@pytest.mark.parametrize(
    ("before", "hub", "policy", "version", "move", "at", "substatus"),
    [
        (None, "one", NEVER, NEW, Move.BEGIN, "one", "initialAssignment"),
        (HERE, "one", MIGRATE, NEW, Move.STAY, "one", "initialAssignment"),
        (AWAY, "two", MIGRATE, NEW, Move.STAY, "two", "deviceDataMigrated"),
        (HERE, "two", MIGRATE, NEW, Move.MIGRATE, "two", "deviceDataMigrated"),
        (HERE, "one", RESET, NEW, Move.RESET, "one", "deviceDataReset"),
        (HERE, "two", RESET, NEW, Move.RESET, "two", "deviceDataReset"),
        (AWAY, "one", MIGRATE, NEW, Move.MIGRATE, "one", "reprovisionedToInitialAssignment"),
        (AWAY, "one", RESET, NEW, Move.RESET, "one", "reprovisionedToInitialAssignment"),
        (HERE, "two", NEVER, NEW, Move.STAY, "one", "initialAssignment"),
        (HERE, "two", MIGRATE, "2017-11-15", Move.STAY, "one", "initialAssignment"),
        (HERE, "two", MIGRATE, "", Move.MIGRATE, "two", "deviceDataMigrated"),
    ],
)
def test_a_device_goes_where_its_enrollment_sends_it(  # noqa: PLR0917  # a row of the table each
    before: Assignment | None,
    hub: str,
    policy: Reprovisioning,
    version: str,
    move: Move,
    at: str,
    substatus: str,
) -> None:
    """PROV-50 to PROV-54"""
    found = plan(before, hub, "dev1", policy, version)
    assert (found.move, found.to.hub, found.to.substatus) == (move, at, substatus)
    assert found.to.first_hub == "one"


def test_another_device_id_is_another_place() -> None:
    """PROV-52"""
    found = plan(HERE, "one", "other", MIGRATE, NEW)
    assert (found.move, found.to.device_id) == (Move.MIGRATE, "other")
