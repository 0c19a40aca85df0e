"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Final

from affinage.frontends.http.openapi import JSON, Described, Door, Parameter
from affinage.frontends.provisioning_api import documents as the

_VERSION: Final = Parameter(
    "api-version",
    "Any date from 2016-02-03 on, perhaps with -preview: all mean the same.",
    {"type": "string", "enum": ["2021-10-01"]},
    is_required=True,
)
_IF_MATCH: Final = Parameter(
    "If-Match",
    "The etag that the thing must have; * is any. Without it a PUT creates.",
    {"type": "string"},
    where="header",
)
_PAGES: Final = (
    Parameter(
        "x-ms-max-item-count",
        "How many rows a page may have.",
        {"type": "integer", "minimum": 1},
        where="header",
    ),
    Parameter(
        "x-ms-continuation",
        "The page behind another: the header of that name in its answer.",
        {"type": "string"},
        where="header",
    ),
)

DOOR: Final = Door(
    title="Affinage, the service API of provisioning",
    what="What back ends and tools ask of enrollments, as they ask it of Azure DPS.",
    version="2021-10-01",
    refusal=the.Refusal,
    refusal_media_type=JSON,
    parameters=(_VERSION,),
    names={
        "id": {
            "type": "string",
            "maxLength": 128,
            "pattern": r"^[A-Za-z0-9\-._:]*[A-Za-z0-9\-]$",
        }
    },
)

_DELETED: Final = Described(status=204, parameters=(_IF_MATCH,))
_QUOTA: Final = (403,)

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/enrollments": {"POST": Described(the.IndividualsResult, the.Individuals)},
    "/enrollments/query": {
        "POST": Described(list[the.Individual], the.Query, parameters=_PAGES),
    },
    "/enrollments/{id}": {
        "GET": Described(the.Individual),
        "PUT": Described(
            the.Individual, the.NewIndividual, parameters=(_IF_MATCH,), refusals=_QUOTA
        ),
        "DELETE": _DELETED,
    },
    "/enrollments/{id}/attestationmechanism": {"POST": Described(the.Attestation)},
    "/enrollmentGroups": {"POST": Described(the.GroupsResult, the.Groups)},
    "/enrollmentGroups/query": {
        "POST": Described(list[the.Group], the.Query, parameters=_PAGES),
    },
    "/enrollmentGroups/{id}": {
        "GET": Described(the.Group),
        "PUT": Described(the.Group, the.NewGroup, parameters=(_IF_MATCH,), refusals=_QUOTA),
        "DELETE": _DELETED,
    },
    "/enrollmentGroups/{id}/attestationmechanism": {"POST": Described(the.Attestation)},
    "/registrations/{id}": {"GET": Described(the.Registration), "DELETE": _DELETED},
    "/registrations/{id}/query": {
        "POST": Described(list[the.Registration], parameters=_PAGES),
    },
}
"""By path, by method, as the operations are."""
