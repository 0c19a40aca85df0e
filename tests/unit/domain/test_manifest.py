from typing import Any

import pytest

from affinage.domain.errors import InvalidContent
from affinage.domain.manifest import check_manifest, named_modules
from affinage.domain.values import JsonObject
from fakes.reconciling import started, whole

HUB: JsonObject = {"schemaVersion": "1.1", "routes": {"up": "FROM /* INTO $upstream"}}


def agent(**changes: Any) -> JsonObject:
    desired = {name: value for name, value in {**whole("filter"), **changes}.items() if value}
    return {"$edgeAgent": {"properties.desired": desired}}


@pytest.mark.parametrize(
    "modules",
    [
        {"$edgeAgent": {}},
        agent(),
        agent(note="unknown members are admitted"),
        {**agent(), "$edgeHub": {"properties.desired": HUB}},
        {"$edgeAgent": {"properties.desired.modules.a": started("a")}, "$edgeHub": {}},
    ],
)
def test_such_a_manifest_is_admitted(modules: JsonObject) -> None:
    """EDGE-1, EDGE-2"""
    check_manifest(modules)


@pytest.mark.parametrize(
    ("modules", "problem"),
    [
        ({"filter": {}}, r"must have \$edgeAgent"),
        (agent(schemaVersion=None), "schemaVersion must be a string beginning with 1"),
        (agent(schemaVersion="2.0"), "schemaVersion must be a string beginning with 1"),
        (agent(schemaVersion=1.1), "schemaVersion must be a string beginning with 1"),
        (agent(runtime=None), "runtime must be an object"),
        (agent(modules="filter"), "modules must be an object"),
        (agent(systemModules={"edgeAgent": {}}), "edgeHub must be an object"),
        ({"$edgeAgent": {"properties.desired": 1}}, "properties.desired must be an object"),
        ({"$edgeAgent": {}, "$edgeHub": {"properties.desired": {"routes": {}}}}, "schemaVersion"),
        (
            {"$edgeAgent": {}, "$edgeHub": {"properties.desired": {"schemaVersion": "1.1"}}},
            "routes must be an object",
        ),
    ],
)
def test_such_a_manifest_is_refused(modules: JsonObject, problem: str) -> None:
    """EDGE-1, EDGE-2"""
    with pytest.raises(InvalidContent, match=problem):
        check_manifest(modules)


def test_every_module_that_is_started_or_has_content_is_named() -> None:
    modules: JsonObject = {
        "$edgeAgent": {
            "properties.desired.modules.a.settings": {},
            "properties.desired.runtime": {},
        },
        "$edgeHub": {},
        "b": {"properties.desired": {}},
    }
    assert named_modules(modules) == {"a", "b"}
    assert named_modules({"$edgeAgent": {"properties.desired.modules": {"c": {}}}}) == {"c"}
    assert named_modules(agent()) == {"filter"}


def test_a_deployment_has_at_most_fifty_modules() -> None:
    """EDGE-3"""
    many = [f"m{number}" for number in range(49)]
    check_manifest({"$edgeAgent": {"properties.desired": whole(*many[:48])}})
    with pytest.raises(InvalidContent, match="49 of 48 modules"):
        check_manifest({"$edgeAgent": {"properties.desired": whole(*many)}})


def test_a_module_that_could_have_no_identity_is_refused() -> None:
    """EDGE-3"""
    with pytest.raises(InvalidContent, match="cannot be the id of a module"):
        check_manifest({"$edgeAgent": {"properties.desired": whole("ä")}})
