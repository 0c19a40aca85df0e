"""A twin as the wire has it, and what a path names in it."""

from typing import Any

import pytest
from msgspec.structs import replace

from affinage.domain.device import ABSENT, Device, Module, Presence
from affinage.domain.identity import AuthType, Credentials, Identity, ModuleIdentity, Status
from affinage.domain.names import TwinKey
from affinage.domain.query.syntax import UNDEFINED, Path
from affinage.domain.row import TwinRow, walk
from affinage.domain.twin import new_twin, report

MARK = {"$lastUpdated": "1970-01-01T00:00:00Z"}
WRITTEN = {**MARK, "$lastUpdatedVersion": 1}
THUMBPRINTS = {"primaryThumbprint": None, "secondaryThumbprint": None}

PUMP = Device("pump", Identity("1" * 18, 500000001, Credentials()), new_twin(0))
TAGGED = replace(
    PUMP,
    twin=report(
        TwinKey("pump"), new_twin(0, {"a": {"b": [1, {"c": 2}]}}, {"rate": 5}), {"on": True}, at=0
    ),
)
VALVE = Module(
    "valve",
    ModuleIdentity("2" * 18, 7, Credentials(AuthType.SELF_SIGNED, None, None, "ab" * 20)),
    new_twin(0, {"m": 1}),
)

FRESH: dict[str, Any] = {
    "deviceId": "pump",
    "etag": "AAAAAAAAAAE=",
    "deviceEtag": "NTAwMDAwMDAx",
    "status": "enabled",
    "statusUpdateTime": "0001-01-01T00:00:00Z",
    "connectionState": "Disconnected",
    "lastActivityTime": "0001-01-01T00:00:00Z",
    "cloudToDeviceMessageCount": 0,
    "authenticationType": "sas",
    "x509Thumbprint": THUMBPRINTS,
    "modelId": "",
    "version": 2,
    "properties": {
        "desired": {"$metadata": MARK, "$version": 1},
        "reported": {"$metadata": MARK, "$version": 1},
    },
    "capabilities": {"iotEdge": False},
    "parentScopes": [],
}


def test_a_fresh_twin_is_shown_in_full_and_in_order() -> None:
    """TWIN-1, TWIN-2, TWIN-3, TWIN-24."""
    document = TwinRow(PUMP, ABSENT).document()
    assert document == FRESH
    assert [*document] == [*FRESH]


def test_a_twin_with_everything_shows_everything() -> None:
    """TWIN-1."""
    identity = Identity(
        "1" * 18, 1, Credentials(), Status.DISABLED, "lost", 1, True, "scope-1", ("scope-0",)
    )
    twin = replace(TAGGED.twin, statuses={"base": "Applied"}, model_id="dtmi:x;1")
    document = TwinRow(Device("pump", identity, twin), Presence(True, 1, 2)).document()
    assert document["statusReason"] == "lost"
    assert document["connectionState"] == "Connected"
    assert document["lastActivityTime"] == "1970-01-01T00:00:00.002Z"
    assert document["configurations"] == {"base": {"status": "Applied"}}
    assert (document["deviceScope"], document["parentScopes"]) == ("scope-1", ["scope-0"])
    assert (document["modelId"], document["capabilities"]) == ("dtmi:x;1", {"iotEdge": True})


def test_sections_are_shown_with_their_marks() -> None:
    """TWIN-1, TWIN-7."""
    document = TwinRow(TAGGED, ABSENT).document()
    assert document["tags"] == {"a": {"b": [1, {"c": 2}]}}
    assert document["properties"] == {
        "desired": {"rate": 5, "$metadata": {**WRITTEN, "rate": WRITTEN}, "$version": 1},
        "reported": {"on": True, "$metadata": {**MARK, "on": MARK}, "$version": 2},
    }


def test_a_module_is_shown_with_its_own_twin_and_its_devices_status() -> None:
    """TWIN-1."""
    identity = replace(
        PUMP.identity, status=Status.DISABLED, device_scope="s", parent_scopes=("s",)
    )
    row = TwinRow(replace(PUMP, identity=identity), ABSENT, VALVE)
    expected = FRESH | {"moduleId": "valve", "deviceEtag": "Nw==", "status": "disabled"}
    expected |= {"authenticationType": "selfSigned", "tags": {"m": 1}}
    expected["x509Thumbprint"] = {"primaryThumbprint": "ab" * 20, "secondaryThumbprint": None}
    del expected["parentScopes"]
    assert row.document() == expected
    assert row.key == TwinKey("pump", "valve")


def test_a_device_is_its_own_key() -> None:
    row = TwinRow(PUMP, ABSENT)
    assert row.key == row.place == TwinKey("pump")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("deviceId",), "pump"),
        (("tags", "a", "b", 0), 1),
        (("tags", "a", "b", 1, "c"), 2),
        (("tags",), {"a": {"b": [1, {"c": 2}]}}),
        (("properties", "desired", "rate"), 5),
        (("properties", "reported", "on"), True),
        (("properties", "reported", "$version"), 2),
        (("properties", "desired", "$metadata", "rate", "$lastUpdatedVersion"), 1),
        (("capabilities", "iotEdge"), False),
        (("x509Thumbprint", "primaryThumbprint"), None),
        (("parentScopes",), []),
    ],
)
def test_a_path_names_a_value(path: Path, value: object) -> None:
    """QUERY-4."""
    assert TwinRow(TAGGED, ABSENT).lookup(path) == value


@pytest.mark.parametrize(
    "path",
    [
        ("nothing",),
        ("moduleId",),
        ("statusReason",),
        ("configurations", "base", "status"),
        ("tags", "x"),
        ("tags", "a", "b", 2),
        ("tags", "a", "b", -1),
        ("tags", "a", "b", "c"),
        ("tags", "a", 0),
        ("tags", 0),
        ("deviceId", "p"),
        ("properties", "desired", "rate", "x"),
        ("properties", "desired", 0),
        ("properties", "desired", "$version", "x"),
        ("properties", "other"),
        ("deviceScope",),
        (0,),
        (),
    ],
)
def test_a_path_to_nothing_is_undefined(path: Path) -> None:
    """QUERY-4."""
    assert TwinRow(TAGGED, ABSENT).lookup(path) is UNDEFINED


def test_empty_tags_are_nothing_as_a_whole() -> None:
    """TWIN-1, QUERY-4."""
    assert TwinRow(PUMP, ABSENT).lookup(("tags",)) is UNDEFINED


def test_walking_no_steps_stays_where_it_is() -> None:
    assert walk(5, []) == 5
    assert walk(UNDEFINED, []) is UNDEFINED


def test_what_the_client_is_can_be_asked_for_and_is_in_no_document() -> None:
    """QUERY-51, MQTT-59"""
    row = TwinRow(PUMP, Presence(product="pump/1.0"))
    assert row.lookup(("productInfo",)) == "pump/1.0"
    assert "productInfo" not in row.document()
    assert TwinRow(PUMP, ABSENT).lookup(("productInfo",)) is UNDEFINED
