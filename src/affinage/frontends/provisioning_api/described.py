"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Final

from affinage.frontends.http.etags import IF_MATCH
from affinage.frontends.http.openapi import JSON, Described, Door
from affinage.frontends.http.pages import PAGING
from affinage.frontends.http.versions import version_parameter
from affinage.frontends.provisioning_api import documents as the

DOOR: Final = Door(
    title="Affinage, the service API of provisioning",
    what="What back ends and tools ask of enrollments, as they ask it of Azure DPS.",
    version="2021-10-01",
    refusal=the.Refusal,
    refusal_media_type=JSON,
    parameters=(version_parameter("2021-10-01"),),
    names={
        "id": {
            "type": "string",
            "maxLength": 128,
            "pattern": r"^[A-Za-z0-9\-._:]*[A-Za-z0-9\-]$",
        }
    },
)

_DELETED: Final = Described(status=204, parameters=(IF_MATCH,))
_QUOTA: Final = (403,)

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/enrollments": {"POST": Described(the.IndividualsResult, the.Individuals)},
    "/enrollments/query": {
        "POST": Described(list[the.Individual], the.Query, parameters=PAGING),
    },
    "/enrollments/{id}": {
        "GET": Described(the.Individual),
        "PUT": Described(
            the.Individual, the.NewIndividual, parameters=(IF_MATCH,), refusals=_QUOTA
        ),
        "DELETE": _DELETED,
    },
    "/enrollments/{id}/attestationmechanism": {"POST": Described(the.Attestation)},
    "/enrollmentGroups": {"POST": Described(the.GroupsResult, the.Groups)},
    "/enrollmentGroups/query": {
        "POST": Described(list[the.Group], the.Query, parameters=PAGING),
    },
    "/enrollmentGroups/{id}": {
        "GET": Described(the.Group),
        "PUT": Described(the.Group, the.NewGroup, parameters=(IF_MATCH,), refusals=_QUOTA),
        "DELETE": _DELETED,
    },
    "/enrollmentGroups/{id}/attestationmechanism": {"POST": Described(the.Attestation)},
    "/registrations/{id}": {"GET": Described(the.Registration), "DELETE": _DELETED},
    "/registrations/{id}/query": {
        "POST": Described(list[the.Registration], parameters=PAGING),
    },
}
"""By path, by method, as the operations are."""
