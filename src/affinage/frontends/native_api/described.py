"""The OpenAPI document of this door: what each operation takes and gives."""

from collections.abc import Mapping
from typing import Final

from affinage.domain.happening import Kind
from affinage.frontends.http.etags import IF_MATCH
from affinage.frontends.http.openapi import Described, Door, Parameter
from affinage.frontends.native_api import documents as the
from affinage.frontends.native_api import linked_documents as linked
from affinage.frontends.native_api.problems import PROBLEM

PREFIX: Final = "/affinage/v1"

_TEXT: Final = {"type": "string"}
_AFTER: Final = Parameter("after", "The page behind another: its `next`.", _TEXT)
_LIMIT: Final = Parameter(
    "limit", "How many a page may have.", {"type": "integer", "minimum": 1, "maximum": 1000}
)
_KNOWN: Final = Parameter(
    "If-None-Match", "An etag that is known: 304 if it is still so.", _TEXT, where="header"
)
_GUARDED: Final = (IF_MATCH,)
_PAGE: Final = (_AFTER, _LIMIT)
_DEVICE: Final = Parameter("device", "Those of that device alone.", _TEXT)
_BY_LABEL: Final = (
    Parameter(
        "label",
        "Those with this label, name=text, or name for any text; all of several.",
        {"type": "array", "items": {"type": "string", "pattern": "^[^=]"}},
    ),
    Parameter(
        "groupBy", "A group for each text of a label.", {"type": "string", "pattern": "^label:."}
    ),
)
_MATCH: Final = Parameter(
    "If-Match", "The etag that the writer has seen; * is any.", _TEXT, where="header"
)
_KEYS: Final = Parameter("keys", "Show the keys: they are secrets.", {"type": "boolean"})
_OFFSET: Final = {"type": "string", "pattern": "^([0-9]{1,18}|latest)$"}
_MOMENT: Final = {"type": "string", "format": "date-time"}
_OF_AUDIT: Final = (
    Parameter("actor", "What he is called who did it.", _TEXT),
    Parameter("action", "What was done, as twin.patch, or twin for all that was to twins.", _TEXT),
    Parameter("subject", "To what.", _TEXT),
    Parameter("since", "From then on.", _MOMENT),
    Parameter("until", "Before then.", _MOMENT),
    Parameter("after", "The page behind another: its `next`.", {"type": "integer", "minimum": 0}),
    _LIMIT,
)
_OF_EVENTS: Final = (
    Parameter(
        "after", "The events behind that offset: 0 for all, latest for those to come.", _OFFSET
    ),
    Parameter("kind", "Of that kind.", {"enum": [*Kind]}),
    Parameter("device", "Of that device and its modules.", _TEXT),
    _LIMIT,
)
_LAST: Final = Parameter(
    "Last-Event-ID", "The last event that came: the stream goes on after it.", _OFFSET, "header"
)

DOOR: Final = Door(
    title="Affinage, the native API",
    what="What the hub offers beside what it offers as Azure IoT Hub does.",
    version="v1",
    refusal=the.Problem,
    refusal_media_type=PROBLEM,
    prefix=PREFIX,
    names={
        "id": _TEXT,
        "module": _TEXT,
        "metric": _TEXT,
        "blob": _TEXT,
        "name": _TEXT,
        "number": {"type": "integer", "minimum": 1},
        "host": {"type": "string", "maxLength": 253, "pattern": r"^[A-Za-z0-9.\-]+$"},
        "door": {"enum": ["service", "native", "device", "blobs", "provisioning", "registration"]},
    },
)

_MESSAGE: Final = Described(the.SentMessage, the.NewMessage, status=201, refusals=(403, 413))

DESCRIBED: Final[Mapping[str, Mapping[str, Described]]] = {
    "/configurations": {
        "GET": Described(the.Configurations, parameters=(*_PAGE, *_BY_LABEL)),
    },
    "/configurations/{id}": {
        "GET": Described(the.Configuration),
        "PUT": Described(
            the.Configuration, takes=the.NewConfiguration, parameters=_GUARDED, refusals=(413,)
        ),
        "DELETE": Described(status=204, parameters=_GUARDED),
    },
    "/events": {"GET": Described(the.EventPage, parameters=_OF_EVENTS)},
    "/events/stream": {
        "GET": Described(str, parameters=(*_OF_EVENTS, _LAST), media_type="text/event-stream"),
    },
    "/audit": {"GET": Described(the.AuditPage, parameters=_OF_AUDIT)},
    "/audit/{number}": {
        "GET": Described(the.AuditEntry, parameters=(_KNOWN,), also={304: None}),
    },
    "/certificates": {
        "GET": Described(the.Certificates, parameters=(_KNOWN,), also={304: None}),
    },
    "/certificates/{name}": {
        "GET": Described(the.Certificate),
        "PUT": Described(the.Certificate, the.CertificateWanted, parameters=(_MATCH,)),
        "DELETE": Described(status=204, parameters=(_MATCH,)),
    },
    "/certificates/{name}/challenge": {
        "POST": Described(the.Certificate, parameters=(_MATCH,)),
    },
    "/certificates/{name}/verify": {
        "POST": Described(the.Certificate, the.Possession, parameters=(_MATCH,)),
    },
    "/configurations/{id}/metrics": {
        "GET": Described(the.Metrics, parameters=(_KNOWN,), also={304: None}),
    },
    "/configurations/{id}/metrics/{metric}/rows": {
        "GET": Described(the.Rows, parameters=_PAGE),
    },
    "/devices/{id}/messages": {"POST": _MESSAGE},
    "/devices/{id}/replace": {"POST": Described(the.Replaced, takes=the.Replacement)},
    "/devices/{id}/retire": {"POST": Described(the.DeviceStatus, takes=the.Retirement)},
    "/devices/{id}/modules/{module}/messages": {"POST": _MESSAGE},
    "/doctor": {
        "POST": Described(the.Examination, status=202),
        "GET": Described(the.Examination, parameters=(_KNOWN,), also={304: None}),
    },
    "/files": {"GET": Described(the.Files, parameters=(*_PAGE, _DEVICE))},
    "/files/{blob}": {
        "GET": Described(bytes, media_type="application/octet-stream"),
        "DELETE": Described(status=204),
    },
    "/groups": {"GET": Described(the.Groups, parameters=_PAGE)},
    "/groups/{name}": {
        "GET": Described(the.Group),
        "PUT": Described(the.Group, takes=the.NewGroup, parameters=_GUARDED),
        "DELETE": Described(status=204, parameters=_GUARDED),
    },
    "/groups/{name}/members": {"GET": Described(the.Rows, parameters=_PAGE)},
    "/retired": {"GET": Described(the.Retired, parameters=_PAGE)},
    "/policies": {"GET": Described(the.Policies, parameters=(_KNOWN,), also={304: None})},
    "/policies/{name}": {
        "GET": Described(the.Policy, parameters=(_KEYS,)),
        "PUT": Described(the.Policy, the.PolicyWanted, parameters=(_KEYS, _MATCH)),
        "DELETE": Described(status=204, parameters=(_MATCH,)),
    },
    "/policies/{name}/keys/regenerate": {
        "POST": Described(the.Policy, the.Rotation, parameters=(_KEYS, _MATCH)),
    },
    "/provisioning/hubs": {"GET": Described(linked.Hubs, parameters=(_KNOWN,), also={304: None})},
    "/provisioning/hubs/{host}": {
        "GET": Described(linked.LinkedHub),
        "PUT": Described(linked.LinkedHub, linked.LinkWanted, parameters=(_MATCH,)),
        "DELETE": Described(status=204, parameters=(_MATCH,)),
    },
    "/openapi/{door}": {
        "GET": Described(the.Document, parameters=(_KNOWN,), also={304: None}),
    },
}
"""By path below the prefix, by method, as the operations are."""
