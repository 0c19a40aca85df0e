"""Webhooks where the operator allows none."""

from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject
from affinage.ports.webhooks import Reply


class NoWebhooks:
    """Implements `ports.webhooks.Webhooks`."""

    def check(self, url: str) -> None:
        raise Invalid(f"{url[:200]} is not allowed: this hub asks no webhook")

    async def ask(self, url: str, body: JsonObject) -> Reply:
        return Reply(0)
