"""`/enrollments` and `/enrollmentGroups`, as back ends ask them."""

from typing import Any

import pytest

from fakes.hub import running_hub
from fakes.looped import looped
from fakes.provisioned import SYMMETRIC

BODY: Any = {"attestation": SYMMETRIC}
KINDS = {"enrollments": "registrationId", "enrollmentGroups": "enrollmentGroupId"}


@pytest.mark.parametrize("kind", KINDS)
@looped
async def test_an_enrollment_is_created_shown_changed_and_deleted(kind: str) -> None:
    """PROV-4, PROV-8, PROV-12, PROV-20"""
    async with running_hub() as hub:
        made = await hub.ask("PUT", f"/{kind}/press-7", BODY)
        assert (made.status_code, made.headers["etag"]) == (200, made.json()["etag"])
        shown = await hub.get(f"/{kind}/press-7")
        assert shown == made.json()
        assert (shown[KINDS[kind]], shown["provisioningStatus"]) == ("press-7", "enabled")
        assert shown["attestation"] == {"type": "symmetricKey"}
        change = {**shown, "provisioningStatus": "disabled"}
        changed = await hub.ask("PUT", f"/{kind}/press-7", change, etag=shown["etag"])
        assert changed.json()["provisioningStatus"] == "disabled"
        assert (await hub.ask("DELETE", f"/{kind}/press-7")).status_code == 204
        assert (await hub.ask("GET", f"/{kind}/press-7")).json()["errorCode"] == 404201


@pytest.mark.parametrize("kind", KINDS)
@looped
async def test_keys_are_shown_by_the_attestation_mechanism_alone(kind: str) -> None:
    """PROV-12, PROV-21"""
    async with running_hub() as hub:
        await hub.put(f"/{kind}/press-7", BODY)
        shown = await hub.ask("POST", f"/{kind.lower()}/press-7/attestationmechanism")
        assert shown.json() == SYMMETRIC
        refused = await hub.ask(
            "POST", f"/{kind}/press-7/attestationmechanism", policy="registryRead"
        )
        assert (refused.status_code, refused.json()["errorCode"]) == (401, 401002)


@looped
async def test_of_two_writers_with_one_etag_one_wins() -> None:
    """PROV-4, PROV-25"""
    async with running_hub() as hub:
        first = await hub.put("/enrollments/press-7", BODY)
        assert (await hub.ask("PUT", "/enrollments/press-7", BODY)).status_code == 409
        await hub.put("/enrollments/press-7", BODY, etag=first["etag"])
        late = await hub.ask("PUT", "/enrollments/press-7", BODY, etag=first["etag"])
        assert (late.status_code, late.json()["errorCode"]) == (412, 412001)
        assert set(late.json()) == {"errorCode", "trackingId", "message", "timestampUtc"}


@pytest.mark.parametrize("kind", KINDS)
@looped
async def test_in_a_bulk_request_each_stands_for_itself(kind: str) -> None:
    """PROV-22"""
    async with running_hub() as hub:
        name = KINDS[kind]
        entries = [{name: "a", **BODY}, {name: "b!", **BODY}]
        made = await hub.ask("POST", f"/{kind}", {kind: entries, "mode": "CREATE"})
        (error,) = made.json()["errors"]
        assert (made.status_code, made.json()["isSuccessful"]) == (200, False)
        assert (error[name], error["errorCode"]) == ("b!", 400004)
        for mode, ends in [("update", True), ("updateIfMatchETag", False), ("delete", True)]:
            told = await hub.ask("POST", f"/{kind}", {kind: entries[:1], "mode": mode})
            assert told.json()["isSuccessful"] is ends, told.text
        assert (await hub.ask("GET", f"/{kind}/a")).status_code == 404


@looped
async def test_a_bulk_request_changes_what_has_the_etags_that_it_names() -> None:
    """PROV-22"""
    async with running_hub() as hub:
        made = await hub.put("/enrollments/a", BODY)
        asked = {"enrollments": [{**made, **BODY}], "mode": "updateIfMatchETag"}
        assert (await hub.ask("POST", "/enrollments", asked)).json()["isSuccessful"]
        (error,) = (await hub.ask("POST", "/enrollments", asked)).json()["errors"]
        assert (error["registrationId"], error["errorCode"]) == ("a", 412001)


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "create"},
        {"enrollments": {}, "mode": "create"},
        {"enrollments": [1], "mode": "create"},
        {"enrollments": [{}], "mode": "merge"},
        {"enrollments": [{}]},
        {"enrollments": [], "mode": "create"},
        {"enrollments": [{}] * 11, "mode": "create"},
        {"enrollments": [{"registrationId": 7}], "mode": "create"},
    ],
)
@looped
async def test_a_bulk_request_that_is_none_changes_nothing(body: Any) -> None:
    """PROV-22"""
    async with running_hub() as hub:
        assert (await hub.ask("POST", "/enrollments", body)).status_code == 400
