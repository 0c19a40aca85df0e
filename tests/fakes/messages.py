"""Messages, as a back end sends them over the native API."""

from typing import Any

from affinage.domain.names import TwinKey
from affinage.frontends.native_api.described import PREFIX
from fakes.hub import Hub


async def sent(hub: Hub, key: TwinKey, **said: Any) -> Any:
    """What the hub answers; it has taken the message."""
    module = f"/modules/{key.module}" if key.module else ""
    path = f"{PREFIX}/devices/{key.device}{module}/messages"
    answer = await hub.ask("POST", path, {"body": "x", **said})
    assert answer.status_code == 201, answer.text
    return answer.json()
