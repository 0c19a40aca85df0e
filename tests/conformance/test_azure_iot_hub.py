"""azure-iot-hub for Python, unmodified, over HTTPS: what an operator can do.

What of the SDK is covered, and what is not: docs/reference/conformance.md.
"""

from base64 import b64encode
from types import ModuleType
from typing import Any, Final

import pytest

from fakes.hub_process import HubProcess
from fakes.sdk import wait_until

pytestmark = pytest.mark.conformance

KEYS: Final = [b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3)]
PRINTS: Final = ["A" * 40, "b" * 64]


@pytest.fixture
def refused() -> Any:
    """What the SDK raises; ``response.status_code`` and ``message`` say why."""
    return pytest.importorskip("msrest.exceptions").HttpOperationError


# Devices


def test_a_device_with_keys_is_created_read_changed_and_deleted(
    registry: Any, refused: Any
) -> None:
    made = registry.create_device_with_sas("sas", *KEYS[:2], "enabled", status_reason="new")
    assert made.authentication.symmetric_key.primary_key == KEYS[0]
    assert registry.get_device("sas").as_dict() == made.as_dict()
    changed = registry.update_device_with_sas("sas", made.etag, *KEYS[1:], "disabled")
    assert (changed.status, changed.generation_id) == ("disabled", made.generation_id)
    assert registry.get_device("sas").authentication.symmetric_key.secondary_key == KEYS[2]
    registry.delete_device("sas", changed.etag)
    with pytest.raises(refused) as refusal:
        registry.get_device("sas")
    assert refusal.value.response.status_code == 404


def test_a_device_with_certificates_is_created_and_changed(registry: Any) -> None:
    made = registry.create_device_with_x509("x509", *PRINTS[:1] * 2, "enabled")
    assert made.authentication.type == "selfSigned"
    changed = registry.update_device_with_x509("x509", made.etag, *PRINTS, "enabled")
    prints = changed.authentication.x509_thumbprint
    assert [prints.primary_thumbprint.upper(), prints.secondary_thumbprint.lower()] == PRINTS


def test_a_device_with_an_authority_is_created_and_changed(registry: Any) -> None:
    made = registry.create_device_with_certificate_authority("ca", "enabled")
    assert made.authentication.type == "certificateAuthority"
    changed = registry.update_device_with_certificate_authority("ca", made.etag, "disabled")
    assert (changed.status, changed.authentication.type) == ("disabled", "certificateAuthority")


def test_a_device_is_not_changed_or_deleted_with_an_old_etag(registry: Any, refused: Any) -> None:
    made = registry.create_device_with_sas("guarded", *KEYS[:2], "enabled")
    registry.update_device_with_sas("guarded", made.etag, *KEYS[:2], "disabled")
    with pytest.raises(refused) as refusal:
        registry.update_device_with_sas("guarded", made.etag, *KEYS[:2], "enabled")
    assert refusal.value.response.status_code == 412
    with pytest.raises(refused):
        registry.delete_device("guarded", made.etag)
    assert registry.get_device("guarded").status == "disabled"


def test_an_edge_device_is_a_parent(registry: Any) -> None:
    edge = registry.create_device_with_sas("edge", *KEYS[:2], "enabled", iot_edge=True)
    leaf = registry.create_device_with_sas(
        "leaf", *KEYS[:2], "enabled", device_scope=edge.device_scope
    )
    assert edge.capabilities.iot_edge
    assert leaf.device_scope == edge.device_scope
    assert leaf.parent_scopes == [edge.device_scope]


def test_devices_are_listed_and_counted(registry: Any) -> None:
    before = registry.get_device_registry_statistics()
    registry.create_device_with_sas("counted", *KEYS[:2], "enabled")
    registry.create_device_with_sas("counted-off", *KEYS[:2], "disabled")
    after = registry.get_device_registry_statistics()
    assert after.total_device_count == before.total_device_count + 2
    assert after.disabled_device_count == before.disabled_device_count + 1
    assert "counted" in [device.device_id for device in registry.get_devices()]
    assert len(registry.get_devices(1)) == 1
    assert registry.get_service_statistics().connected_device_count == 0


def test_devices_are_created_and_deleted_in_bulk(registry: Any, models: ModuleType) -> None:
    def asked(mode: str) -> Any:
        ids = [f"bulk-{n}" for n in range(3)]
        made = [models.ExportImportDevice(id=each, import_mode=mode) for each in ids]
        return registry.bulk_create_or_update_devices(made)

    assert asked("create").is_successful
    assert registry.get_device("bulk-2").status == "enabled"
    assert asked("delete").is_successful
    assert "bulk-2" not in [device.device_id for device in registry.get_devices()]


def test_what_a_bulk_request_could_not_do_is_told(
    registry: Any, models: ModuleType, refused: Any
) -> None:
    registry.create_device_with_sas("there", *KEYS[:2], "enabled")
    made = [models.ExportImportDevice(id=each, import_mode="create") for each in ("there", "new")]
    result = registry.bulk_create_or_update_devices(made)
    assert not result.is_successful
    assert [error.device_id for error in result.errors] == ["there"]
    assert registry.get_device("new").status == "enabled"


# Modules


def test_a_module_is_created_read_changed_and_deleted(
    registry: Any, refused: Any, device: str
) -> None:
    made = registry.create_module_with_sas(device, "pump", "operator", *KEYS[:2])
    assert registry.get_module(device, "pump").as_dict() == made.as_dict()
    changed = registry.update_module_with_sas(device, "pump", "operator", made.etag, *KEYS[1:])
    assert changed.authentication.symmetric_key.primary_key == KEYS[1]
    assert [module.module_id for module in registry.get_modules(device)] == ["pump"]
    registry.delete_module(device, "pump", changed.etag)
    with pytest.raises(refused) as refusal:
        registry.get_module(device, "pump")
    assert refusal.value.response.status_code == 404


def test_a_module_with_certificates_or_an_authority_is_created(registry: Any, device: str) -> None:
    made = registry.create_module_with_x509(device, "x509", "operator", *PRINTS)
    assert made.authentication.type == "selfSigned"
    changed = registry.update_module_with_x509(device, "x509", "other", made.etag, *PRINTS[::-1])
    assert changed.managed_by == "other"
    made = registry.create_module_with_certificate_authority(device, "ca", "operator")
    assert made.authentication.type == "certificateAuthority"
    changed = registry.update_module_with_certificate_authority(device, "ca", "other", made.etag)
    assert changed.managed_by == "other"


# Twins


def test_a_twin_is_merged_into_and_replaced(
    registry: Any, models: ModuleType, refused: Any, device: str
) -> None:
    desired = models.TwinProperties(desired={"rate": 1, "mode": "eco"})
    first = registry.update_twin(device, models.Twin(tags={"line": 4}, properties=desired), None)
    assert (first.tags, first.properties.desired["rate"]) == ({"line": 4}, 1)
    replaced = models.Twin(properties=models.TwinProperties(desired={"rate": 2}))
    second = registry.replace_twin(device, replaced, first.etag)
    assert (second.tags, second.properties.desired["$version"]) == ({"line": 4}, 3)
    assert "mode" not in second.properties.desired
    with pytest.raises(refused) as refusal:
        registry.update_twin(device, models.Twin(tags={"line": 5}), first.etag)
    assert refusal.value.response.status_code == 412
    assert registry.get_twin(device).as_dict() == second.as_dict()


def test_a_modules_twin_is_merged_into_and_replaced(
    registry: Any, models: ModuleType, device: str
) -> None:
    registry.create_module_with_sas(device, "pump", "", "", "")
    first = registry.update_module_twin(device, "pump", models.Twin(tags={"line": 4}))
    second = registry.replace_module_twin(device, "pump", models.Twin(tags={"row": 1}), first.etag)
    assert second.tags == {"row": 1}
    assert registry.get_module_twin(device, "pump").tags == {"row": 1}
    assert not registry.get_twin(device).tags


# Queries


def test_a_query_is_paged_through(registry: Any, models: ModuleType) -> None:
    for n in range(5):
        registry.create_device_with_sas(f"paged-{n}", *KEYS[:2], "enabled")
        registry.update_twin(f"paged-{n}", models.Twin(tags={"page": "me"}))
    query = models.QuerySpecification(query="SELECT * FROM devices WHERE tags.page = 'me'")
    token: str | None = None
    found: list[Any] = []
    for size in (2, 2, 1):
        page = registry.query_iot_hub(query, token, 2)
        assert (page.type, len(page.items)) == ("Twin", size)
        token, found = page.continuation_token, [*found, *page.items]
    assert token is None
    assert [twin.device_id for twin in found] == [f"paged-{n}" for n in range(5)]


def test_a_query_that_is_none_is_refused(registry: Any, models: ModuleType, refused: Any) -> None:
    with pytest.raises(refused) as refusal:
        registry.query_iot_hub(models.QuerySpecification(query="SELECT FROM"))
    assert refusal.value.response.status_code == 400
    assert refusal.value.response.headers["iothub-errorcode"]


# Configurations


def configuration(models: ModuleType, name: str, condition: str, **more: Any) -> Any:
    content = models.ConfigurationContent(device_content={"properties.desired.mode": {"at": name}})
    return models.Configuration(
        id=name, content=content, target_condition=condition, priority=5, **more
    )


def test_a_configuration_counts_its_devices(
    registry: Any, configurations: Any, models: ModuleType
) -> None:
    for name in ("chiller-1", "chiller-2"):
        registry.create_device_with_sas(name, *KEYS[:2], "enabled")
        registry.update_twin(name, models.Twin(tags={"type": "chiller"}))
    queries = {"all": "SELECT deviceId FROM devices WHERE configurations.[[cold]].status='Applied'"}
    asked = configuration(
        models,
        "cold",
        "tags.type = 'chiller'",
        metrics=models.ConfigurationMetrics(queries=queries),
    )
    assert configurations.create_configuration(asked).etag
    counted = {"targetedCount": 2, "appliedCount": 2}
    wait_until(lambda: configurations.get_configuration("cold").system_metrics.results == counted)
    found = configurations.get_configuration("cold")
    assert (found.metrics.results, found.metrics.queries) == ({"all": 2}, queries)
    assert registry.get_twin("chiller-1").properties.desired["mode"] == {"at": "cold"}


def test_a_configuration_is_changed_with_its_etag_and_deleted(
    registry: Any, configurations: Any, models: ModuleType, refused: Any, device: str
) -> None:
    made = configurations.create_configuration(
        configuration(models, "moved", f"deviceId = '{device}'", labels={"a": "b"})
    )
    wait_until(lambda: "mode" in registry.get_twin(device).properties.desired)
    made.priority, made.labels = 7, {"a": "c"}
    changed = configurations.update_configuration(made, made.etag)
    assert (changed.priority, changed.labels) == (7, {"a": "c"})
    with pytest.raises(refused) as refusal:
        configurations.update_configuration(made, made.etag)
    assert refusal.value.response.status_code == 412
    assert "moved" in [each.id for each in configurations.get_configurations()]
    configurations.delete_configuration("moved", changed.etag)
    wait_until(lambda: "mode" not in registry.get_twin(device).properties.desired)
    assert "moved" not in [each.id for each in configurations.get_configurations(100)]


def test_the_content_of_a_configuration_stays(
    configurations: Any, models: ModuleType, refused: Any
) -> None:
    made = configurations.create_configuration(configuration(models, "fixed", ""))
    made.content.device_content = {"properties.desired.mode": "another"}
    with pytest.raises(refused) as refusal:
        configurations.update_configuration(made, made.etag)
    assert refusal.value.response.status_code == 400


def test_what_is_wrong_with_queries_is_told_before(configurations: Any, models: ModuleType) -> None:
    asked = models.ConfigurationQueriesTestInput(
        target_condition="tags.a =",
        custom_metric_queries={"good": "SELECT deviceId FROM devices", "bad": "SELECT"},
    )
    told = configurations.test_configuration_queries(asked)
    assert told.target_condition_error
    assert list(told.custom_metric_query_errors) == ["bad"]


# A content for one device


def manifest(*modules: str, **own: Any) -> dict[str, Any]:
    """The content of an edge deployment with these modules."""
    image = {"type": "docker", "settings": {"image": "registry.example.org/it:1"}}
    agent = {
        "schemaVersion": "1.1",
        "runtime": {"type": "docker", "settings": {}},
        "systemModules": {"edgeAgent": image, "edgeHub": image},
        "modules": dict.fromkeys(modules, image),
    }
    return {"$edgeAgent": {"properties.desired": agent}, **own}


def test_the_modules_of_an_edge_device_are_set(
    registry: Any, configurations: Any, models: ModuleType, refused: Any
) -> None:
    registry.create_device_with_sas("gateway", "", "", "enabled", iot_edge=True)
    for named, wanted in ((["one"], 3), (["two", "three"], 4)):
        content = models.ConfigurationContent(modules_content=manifest(*named))
        configurations.apply_configuration_on_edge_device("gateway", content)
        found = registry.get_modules("gateway")
        assert len(found) == wanted
        managed = {module.module_id for module in found if module.managed_by == "IotEdge"}
        assert managed == {*named}
    content = models.ConfigurationContent(modules_content=manifest())
    with pytest.raises(refused) as refusal:
        configurations.apply_configuration_on_edge_device("nobody", content)
    assert refusal.value.response.headers["iothub-errorcode"] == "DeviceNotFound"


# Bulk, all of it


def test_twins_are_written_in_bulk(registry: Any, models: ModuleType) -> None:
    registry.create_device_with_sas("bulky", *KEYS[:2], "enabled")
    etag = registry.get_twin("bulky").etag

    def asked(mode: str, **more: Any) -> Any:
        one = models.ExportImportDevice(id="bulky", import_mode=mode, **more)
        return registry.bulk_create_or_update_devices([one])

    assert asked("createOrUpdate", tags={"line": 4}, status="enabled").is_successful
    assert asked("updateTwin", tags={"row": 1}).is_successful
    assert not asked("updateTwinIfMatchETag", twin_etag=etag, tags={"row": 2}).is_successful
    assert registry.get_twin("bulky").tags == {"line": 4, "row": 1}


def test_a_twin_sent_back_whole_changes_no_value(
    registry: Any, models: ModuleType, device: str
) -> None:
    written = models.Twin(tags={"a": 1}, properties=models.TwinProperties(desired={"b": {"c": 2}}))
    registry.update_twin(device, written)
    before = registry.get_twin(device)
    after = registry.update_twin(device, before, before.etag)
    assert (after.tags, after.version) == (before.tags, before.version + 1)
    assert after.properties.desired["b"] == {"c": 2}
    again = registry.replace_twin(device, after, "*")
    assert (again.tags, again.properties.desired["b"]) == ({"a": 1}, {"c": 2})


def test_an_identity_sent_back_whole_keeps_its_keys(registry: Any, device: str) -> None:
    made = registry.get_device(device)
    keys = made.authentication.symmetric_key
    changed = registry.update_device_with_sas(
        device, made.etag, keys.primary_key, keys.secondary_key, "enabled", status_reason="seen"
    )
    assert (changed.status_reason, changed.authentication) == ("seen", made.authentication)


# Who may


def test_a_policy_that_may_only_read_may_not_write(hub: HubProcess, refused: Any) -> None:
    sdk = pytest.importorskip("azure.iot.hub")
    reader = sdk.IoTHubRegistryManager.from_connection_string(hub.policy("registryRead").text)
    assert reader.get_devices() is not None
    with pytest.raises(refused) as refusal:
        reader.create_device_with_sas("not-to-be", *KEYS[:2], "enabled")
    assert refusal.value.response.status_code == 401
