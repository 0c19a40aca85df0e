"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Any, Final

from affinage.frontends.http.openapi import JSON, Described, Door, Parameter
from affinage.frontends.http.versions import version_parameter
from affinage.frontends.registration_api import documents as the

_NAME: Final = {"type": "string", "maxLength": 128, "pattern": r"^[A-Za-z0-9\-._:]*[A-Za-z0-9\-]$"}

_FORCE: Final = Parameter(
    "forceRegistration", "Sent by some clients; of no consequence.", {"type": "boolean"}
)

DOOR: Final = Door(
    title="Affinage, the registration of devices",
    what="How a device asks the hub to be provisioned, as it asks Azure's provisioning service.",
    version="2021-06-01",
    refusal=the.Refusal,
    refusal_media_type=JSON,
    parameters=(version_parameter("2021-06-01"),),
    names={"scope": {"type": "string"}, "id": _NAME, "operation": {"type": "string"}},
)

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/{scope}/registrations/{id}": {"POST": Described(dict[str, Any], the.Registration)},
    "/{scope}/registrations/{id}/register": {
        "PUT": Described(the.Operation, the.Registration, status=202, parameters=(_FORCE,))
    },
    "/{scope}/registrations/{id}/operations/{operation}": {
        "GET": Described(the.Operation, also={202: the.Operation})
    },
}
"""By path, by method, as the operations are."""
