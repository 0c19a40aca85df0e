"""apps/openapi.py: each document tells all operations of its door, and is one by the standard."""

from collections.abc import Mapping
from typing import Any

import pytest

from affinage.apps.openapi import documents
from affinage.frontends.blob_api import app as blob_api
from affinage.frontends.blob_api import described as blobs
from affinage.frontends.device_api import app as device_api
from affinage.frontends.device_api import described as device
from affinage.frontends.http.openapi import Described
from affinage.frontends.native_api import app as native_api
from affinage.frontends.native_api import described as native
from affinage.frontends.provisioning_api import app as provisioning_api
from affinage.frontends.provisioning_api import described as provisioning
from affinage.frontends.registration_api import app as registration_api
from affinage.frontends.registration_api import described as registration
from affinage.frontends.service_api import app as service_api
from affinage.frontends.service_api import described as service

Pairs = set[tuple[str, str]]


def pairs(table: Mapping[str, Mapping[str, Any]]) -> Pairs:
    return {(path, method) for path, methods in table.items() for method in methods}


@pytest.mark.parametrize(
    ("described", "operations"),
    [
        (service.DESCRIBED, service_api.OPERATIONS),
        (native.DESCRIBED, native_api.OPERATIONS),
        (registration.DESCRIBED, registration_api.OPERATIONS),
        (device.DESCRIBED, device_api.OPERATIONS),
        (blobs.DESCRIBED, blob_api.OPERATIONS),
        (provisioning.DESCRIBED, provisioning_api.OPERATIONS),
    ],
    ids=["service", "native", "registration", "device", "blobs", "provisioning"],
)
def test_every_operation_is_described_and_nothing_else(
    described: Mapping[str, Mapping[str, Described]], operations: Mapping[str, Mapping[str, Any]]
) -> None:
    """NATIVE-50"""
    assert pairs(described) == pairs(operations)


@pytest.mark.parametrize("door", ["service", "native", "registration", "device", "blobs"])
def test_a_summary_says_what_is_done_and_an_id_names_one_operation(door: str) -> None:
    paths: Any = documents()[door]["paths"]
    operations = [one for methods in paths.values() for one in methods.values()]
    assert all(len(one["summary"]) > 5 for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)
