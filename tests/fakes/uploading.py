"""Uploads of the device `pump-1`, over HTTPS."""

from typing import Any

import httpx

from fakes.device_requests import asked
from fakes.hub import Hub

NOTICES = "/messages/serviceBound/filenotifications"


async def begun(hub: Hub, name: str = "log.txt", by: str = "pump-1") -> Any:
    """What the hub answers; it has begun."""
    answer = await asked(hub, "POST", "~/files", by=by, json={"blobName": name})
    assert answer.status_code == 200, answer.text
    return answer.json()


def url(place: Any) -> str:
    return f"https://{place['hostName']}/{place['containerName']}/{place['blobName']}"


async def put(hub: Hub, place: Any, body: bytes, query: str = "", **headers: str) -> httpx.Response:
    """Send the blob, or a part; a header's name is spelled with ``_`` for ``-``."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    address = f"{url(place)}{place['sasToken']}{query}"
    return await hub.client.put(address, content=body, headers=spelled)


async def ended(hub: Hub, upload: str, *, well: bool = True, by: str = "pump-1") -> httpx.Response:
    said = {"correlationId": upload, "isSuccess": well, "statusCode": 200, "statusDescription": ""}
    return await asked(hub, "POST", "~/files/notifications", by=by, json=said)
