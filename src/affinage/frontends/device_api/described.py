"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Any, Final

from affinage.frontends.device_api import documents as the
from affinage.frontends.http.etags import IF_MATCH
from affinage.frontends.http.methods import Method, MethodResult
from affinage.frontends.http.openapi import JSON, Described, Door, Parameter

OCTETS: Final = "application/octet-stream"

_ID: Final = {"type": "string", "maxLength": 128, "pattern": r"^[A-Za-z0-9\-:.+%_#*?!(),=@;$']+$"}
_NAME: Final = {"type": "string"}
_VERSION: Final = Parameter("api-version", "Whatever it is.", {"type": "string"})
_LOCK: Final = Parameter(
    "iothub-messagelocktimeout",
    "For how many seconds the message is locked.",
    {"type": "integer", "minimum": 5, "maximum": 300},
    where="header",
)
_REJECT: Final = Parameter("reject", "If it is there, the message is refused.", {"type": "string"})
_MODULE: Final = Parameter(
    "x-ms-edge-moduleid",
    "The module that asks, as device/module.",
    {"type": "string"},
    where="header",
    is_required=True,
)
_COUNT: Final = Parameter(
    "deviceCount", "Children on a page; more than 100 is 100.", {"type": "integer", "minimum": 1}
)
_CONTINUATION: Final = Parameter(
    "continuationToken", "Empty, or as a continuationLink has it.", {"type": "string"}
)
_TARGET: Final = Parameter("targetDeviceId", "Whom it is about.", _ID, is_required=True)
_TARGET_MODULE: Final = Parameter(
    "targetModuleId", "Which of its modules; none if it is empty.", {"type": "string"}
)

DOOR: Final = Door(
    title="Affinage, the device API",
    what="What devices and modules ask of the hub, as they ask it of Azure IoT Hub.",
    version="2021-04-12",
    refusal=the.Refusal,
    refusal_media_type=JSON,
    parameters=(_VERSION,),
    names={"id": _ID, "module": _ID, "lock": _NAME, "upload": _NAME, "blob": _NAME},
)

_SENT: Final = {"POST": Described(status=204, refusals=(403, 413))}
_METHODS: Final = {
    "POST": Described(MethodResult, Method, refusals=(403, 502, 504), parameters=(_MODULE,)),
}

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/devices/{id}/messages/events": _SENT,
    "/devices/{id}/modules/{module}/messages/events": _SENT,
    "/devices/{id}/messages/devicebound": {
        "GET": Described(
            bytes, also={204: None}, media_type=OCTETS, refusals=(403,), parameters=(_LOCK,)
        ),
    },
    "/devices/{id}/messages/devicebound/{lock}": {
        "DELETE": Described(status=204, refusals=(403,), parameters=(_REJECT,)),
    },
    "/devices/{id}/messages/devicebound/{lock}/abandon": {
        "POST": Described(status=204, refusals=(403,)),
    },
    "/devices/{id}/files": {"POST": Described(the.Place, the.NewUpload, refusals=(403,))},
    "/devices/{id}/files/notifications": {
        "POST": Described(None, the.Finished, status=204, refusals=(403,)),
    },
    "/devices/{id}/files/notifications/{upload}": {
        "POST": Described(None, the.Finished, status=204, refusals=(403,)),
    },
    "/devices/{id}/files/{blob}": {"GET": Described(the.Place, refusals=(403,))},
    "/devices/{id}/modules": {"GET": Described(list[dict[str, Any]], refusals=(403,))},
    "/devices/{id}/modules/{module}": {
        "GET": Described(dict[str, Any], refusals=(403,)),
        "PUT": Described(dict[str, Any], dict[str, Any], refusals=(403,), parameters=(IF_MATCH,)),
        "DELETE": Described(status=204, refusals=(403,), parameters=(IF_MATCH,)),
    },
    "/devices/{id}/modules/{module}/devicesAndModulesInDeviceScope": {
        "GET": Described(the.InScope, refusals=(403,), parameters=(_COUNT, _CONTINUATION)),
    },
    "/devices/{id}/modules/{module}/deviceAndModuleInDeviceScope": {
        "GET": Described(the.InScope, refusals=(403,), parameters=(_TARGET, _TARGET_MODULE)),
    },
    "/devices/{id}/modules/{module}/devicesAndModulesInTargetDeviceScope": {
        "POST": Described(the.InScope, the.ScopeAsked, refusals=(403,)),
    },
    "/devices/{id}/modules/{module}/getDeviceAndModuleOnBehalfOf": {
        "POST": Described(the.InScope, the.IdentityAsked, refusals=(403,)),
    },
    "/twins/{id}/methods": _METHODS,
    "/twins/{id}/modules/{module}/methods": _METHODS,
}
"""By path, by method, as the operations are."""
