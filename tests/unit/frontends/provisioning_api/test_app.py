"""Which operation is where, in whatever case it is asked for."""

import pytest

from affinage.frontends.provisioning_api.app import OPERATIONS, PREFIXES
from affinage.frontends.provisioning_api.described import DESCRIBED
from fakes.hub import running_hub
from fakes.looped import looped
from fakes.provisioned import SYMMETRIC


def test_every_operation_is_described_and_below_a_prefix() -> None:
    """PROV-20"""
    assert {path: {*methods} for path, methods in OPERATIONS.items()} == {
        path: {*methods} for path, methods in DESCRIBED.items()
    }
    assert all(path.lower().startswith(PREFIXES) for path in OPERATIONS)


@pytest.mark.parametrize("kind", ["enrollmentGroups", "enrollmentgroups", "ENROLLMENTGROUPS"])
@looped
async def test_paths_are_read_in_any_case(kind: str) -> None:
    """PROV-21"""
    async with running_hub() as hub:
        made = await hub.put(f"/{kind}/Cave", {"attestation": SYMMETRIC})
        assert made["enrollmentGroupId"] == "Cave"
        assert (await hub.ask("PATCH", f"/{kind}/cave", {})).status_code == 405
        assert (await hub.ask("GET", f"/{kind}/cave/other")).status_code == 404
