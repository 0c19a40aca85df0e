"""The OpenAPI documents of a hub, by door."""

from collections.abc import Mapping
from functools import cache

from msgspec import to_builtins

from affinage.domain.values import JsonObject
from affinage.frontends.blob_api import app as blob_api
from affinage.frontends.blob_api import described as blobs
from affinage.frontends.device_api import app as device_api
from affinage.frontends.device_api import described as device
from affinage.frontends.http.openapi import document
from affinage.frontends.native_api import app as native_api
from affinage.frontends.native_api import described as native
from affinage.frontends.provisioning_api import app as provisioning_api
from affinage.frontends.provisioning_api import described as provisioning
from affinage.frontends.registration_api import app as registration_api
from affinage.frontends.registration_api import described as registration
from affinage.frontends.service_api import app as service_api
from affinage.frontends.service_api import described as service


@cache
def documents() -> Mapping[str, JsonObject]:
    """Of each door that has one; the same for every hub of a release."""
    return {
        "service": to_builtins(document(service.DOOR, service_api.OPERATIONS, service.DESCRIBED)),
        "native": to_builtins(document(native.DOOR, native_api.OPERATIONS, native.DESCRIBED)),
        "device": to_builtins(document(device.DOOR, device_api.OPERATIONS, device.DESCRIBED)),
        "blobs": to_builtins(document(blobs.DOOR, blob_api.OPERATIONS, blobs.DESCRIBED)),
        "provisioning": to_builtins(
            document(provisioning.DOOR, provisioning_api.OPERATIONS, provisioning.DESCRIBED)
        ),
        "registration": to_builtins(
            document(registration.DOOR, registration_api.OPERATIONS, registration.DESCRIBED)
        ),
    }
