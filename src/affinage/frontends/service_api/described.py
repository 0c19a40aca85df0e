"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Any, Final

from affinage.frontends.http.etags import IF_MATCH
from affinage.frontends.http.methods import Method, MethodResult
from affinage.frontends.http.openapi import JSON, Described, Door, Parameter
from affinage.frontends.http.pages import PAGING
from affinage.frontends.http.problems import Refusal
from affinage.frontends.http.versions import version_parameter
from affinage.frontends.service_api import documents as the
from affinage.frontends.service_api import work

_ID: Final = {"type": "string", "maxLength": 128, "pattern": r"^[A-Za-z0-9\-:.+%_#*?!(),=@;$']+$"}

_TOP: Final = Parameter("top", "How many are wanted.", {"type": "integer"})

_TIMEOUTS: Final = tuple(
    Parameter(name, what, {"type": "integer", "minimum": least, "maximum": 300})
    for name, what, least in (
        ("connectTimeoutInSeconds", "How long the device is waited for.", 0),
        ("responseTimeoutInSeconds", "How long its answer is waited for.", 5),
    )
)
_NAME_OF_A_METHOD: Final = {"type": "string", "maxLength": 50, "pattern": r"^[A-Za-z0-9_$.\-]+$"}

DOOR: Final = Door(
    title="Affinage, the service API",
    what="What back ends and tools ask of the hub, as they ask it of Azure IoT Hub.",
    version="2021-04-12",
    refusal=Refusal,
    refusal_media_type=JSON,
    parameters=(version_parameter("2021-04-12"),),
    names={
        "id": _ID,
        "module": _ID,
        "command": _NAME_OF_A_METHOD,
        "component": _NAME_OF_A_METHOD,
        "lock": {"type": "string"},
    },
)

_GUARDED: Final = (IF_MATCH,)
_DELETED: Final = Described(status=204, parameters=_GUARDED)
_IDENTITY_OF_A_DEVICE: Final = {
    "GET": Described(the.Device),
    "PUT": Described(the.Device, the.NewDevice, parameters=_GUARDED),
    "DELETE": _DELETED,
}
_IDENTITY_OF_A_MODULE: Final = {
    "GET": Described(the.Module),
    "PUT": Described(the.Module, the.NewModule, parameters=_GUARDED),
    "DELETE": _DELETED,
}
_TWIN: Final = {
    "GET": Described(the.Twin),
    "PATCH": Described(the.Twin, the.TwinPatch, parameters=_GUARDED),
    "PUT": Described(the.Twin, the.TwinPatch, parameters=_GUARDED),
}
_CONFIGURATION_ITSELF: Final = {
    "GET": Described(the.Configuration),
    "PUT": Described(the.Configuration, the.NewConfiguration, parameters=_GUARDED),
    "DELETE": _DELETED,
}
_METHODS: Final = {
    "POST": Described(MethodResult, Method, refusals=(403, 502, 504)),
}

_COMMANDS: Final = {
    "POST": Described(Any, Any, refusals=(403, 502, 504), parameters=_TIMEOUTS),
}

_JOB_FILTERS: Final = (
    Parameter("jobType", "Only of this kind.", {"type": "string"}),
    Parameter("jobStatus", "Only with this status.", {"type": "string"}),
)

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/devices": {
        "GET": Described(list[the.Device], parameters=(_TOP,)),
        "POST": Described(the.BulkResult, list[the.BulkEntry], also={400: the.BulkRefusal}),
    },
    "/devices/query": {
        "POST": Described(list[dict[str, Any]], the.Query, parameters=PAGING),
    },
    "/devices/keys/regenerate": {
        "POST": Described(
            the.NewKeys, the.KeysToMake, also={207: the.NewKeys, 400: the.NewKeysRefusal}
        ),
    },
    "/devices/{id}": _IDENTITY_OF_A_DEVICE,
    "/devices/{id}/commands": {"DELETE": Described(the.Purged)},
    "/devices/{id}/modules": {"GET": Described(list[the.Module])},
    "/devices/{id}/applyConfigurationContent": {"POST": Described(None, the.Content, status=204)},
    "/devices/{id}/modules/{module}": _IDENTITY_OF_A_MODULE,
    "/twins/{id}": _TWIN,
    "/twins/{id}/modules/{module}": _TWIN,
    "/twins/{id}/methods": _METHODS,
    "/twins/{id}/modules/{module}/methods": _METHODS,
    "/messages/serviceBound/feedback": {
        "GET": Described(list[the.Fate], also={204: None}),
    },
    "/messages/serviceBound/feedback/{lock}": {"DELETE": Described(status=204)},
    "/messages/serviceBound/feedback/{lock}/abandon": {"POST": Described(status=204)},
    "/messages/serviceBound/filenotifications": {
        "GET": Described(the.File, also={204: None}),
    },
    "/messages/serviceBound/filenotifications/{lock}": {"DELETE": Described(status=204)},
    "/messages/serviceBound/filenotifications/{lock}/abandon": {"POST": Described(status=204)},
    "/digitaltwins/{id}": {
        "GET": Described(dict[str, Any]),
        "PATCH": Described(None, list[the.PatchStep], status=202, parameters=_GUARDED),
    },
    "/digitaltwins/{id}/commands/{command}": _COMMANDS,
    "/digitaltwins/{id}/components/{component}/commands/{command}": _COMMANDS,
    "/jobs": {"GET": Described(list[work.Transfer])},
    "/jobs/create": {"POST": Described(work.Transfer, work.NewTransfer, refusals=(403,))},
    "/jobs/{id}": {"GET": Described(work.Transfer), "DELETE": Described(work.Transfer)},
    "/jobs/v2/query": {
        "GET": Described(list[work.Job], parameters=(*_JOB_FILTERS, *PAGING)),
    },
    "/jobs/v2/{id}": {
        "GET": Described(work.Job),
        "PUT": Described(work.Job, work.NewJob, refusals=(403,)),
    },
    "/jobs/v2/{id}/cancel": {"POST": Described(work.Job)},
    "/configurations": {"GET": Described(list[the.Configuration], parameters=(_TOP,))},
    "/configurations/testQueries": {"POST": Described(the.TrialResult, the.Trial)},
    "/configurations/{id}": _CONFIGURATION_ITSELF,
    "/statistics/devices": {"GET": Described(the.DeviceStatistics)},
    "/statistics/service": {"GET": Described(the.ServiceStatistics)},
}
"""By path, by method, as the operations are."""
