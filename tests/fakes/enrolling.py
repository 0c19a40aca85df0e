"""A hub that enrolls devices, for tests that drive the provisioning clients of others."""

import base64
import hmac
from datetime import datetime, timedelta
from typing import Any, Final

from affinage.adapters.sqlite.store import SqliteStore
from affinage.adapters.system.clock import wall_time
from affinage.clients.answers import parsed
from affinage.clients.http import Response
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, is_object
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.provisioning.scope import Scope
from affinage.testing.hubs import RunningHub
from fakes.pki import Made, authority, leaf

KEY: Final = base64.b64encode(b"a key of a device, or of a group").decode()
OTHER_KEY: Final = base64.b64encode(b"another key, for the other place").decode()

VERSION: Final = "api-version=2021-10-01"

SILENT_WEBHOOK: Final = "http://127.0.0.1:9"
"""Where nobody listens."""


def symmetric(**more: Any) -> JsonObject:
    """An enrollment by KEY."""
    keys = {"primaryKey": KEY, "secondaryKey": OTHER_KEY}
    return {"attestation": {"type": "symmetricKey", "symmetricKey": keys}, **more}


def custom() -> JsonObject:
    """An enrollment by KEY, whose devices a webhook would have to choose a hub for."""
    definition: JsonObject = {"webhookUrl": f"{SILENT_WEBHOOK}/choose", "apiVersion": "2021-10-01"}
    return symmetric(allocationPolicy="custom", customAllocationDefinition=definition)


def derived(registration: str, key: str = KEY) -> str:
    """The key of one device of a group, as a factory makes it."""
    return base64.b64encode(
        hmac.digest(base64.b64decode(key), registration.encode(), "sha256")
    ).decode()


def certified(kind: str, made: Made) -> JsonObject:
    """An enrollment by a certificate; ``kind`` as ``clientCertificates``."""
    certificates: JsonObject = {kind: {"primary": {"certificate": made.pem}}}
    return {"attestation": {"type": "x509", "x509": certificates}}


def leaf_of_today(name: str, by: Made | None = None) -> Made:
    return leaf(name, by, **_of_today())


def authority_of_today(name: str, by: Made | None = None) -> Made:
    return authority(name, by, None, **_of_today())


def _of_today() -> dict[str, datetime]:
    """SDKs have no other clock than the machine's."""
    now = wall_time()
    return {"start": now - timedelta(days=1), "end": now + timedelta(days=30)}


def enroll(hub: RunningHub, registration: str, enrollment: JsonObject) -> JsonObject:
    """Enroll one device, or change how it is enrolled."""
    body = {"registrationId": registration, **enrollment}
    return _asked(hub, "PUT", f"/enrollments/{registration}", body)


def enroll_group(hub: RunningHub, name: str, group: JsonObject) -> JsonObject:
    body = {"enrollmentGroupId": name, **group}
    return _asked(hub, "PUT", f"/enrollmentGroups/{name}", body)


def _asked(hub: RunningHub, method: str, path: str, body: JsonObject) -> JsonObject:
    async def ask(client: ServiceClient) -> Response:
        first = await client.exchange(method, f"{path}?{VERSION}", body)
        if first.status != 409:
            return first
        return await client.exchange(method, f"{path}?{VERSION}", body, if_match="*")

    answer = hub.operate(ask)
    document = parsed(answer)
    assert answer.status == 200, answer.body
    assert is_object(document)
    return document


def scope_of(hub: RunningHub) -> str:
    """Its id scope, as who owns the data folder reads it."""
    store = SqliteStore(hub.data / "hub.db", read_only=True)
    kept = dict(store.read(Table.PROVISIONING))
    return codec.decode(kept["idScope"], Scope).id_scope
