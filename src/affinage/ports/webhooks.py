"""What provisioning asks of whoever decides for it: the webhook of a custom allocation."""

from dataclasses import dataclass, field
from typing import Protocol

from affinage.domain.values import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook said."""

    status: int
    """Of HTTP; 0 if it could not be reached, or did not answer in time."""
    body: JsonValue = field(default=None, repr=False)
    """None unless it is JSON that can be kept, and not larger than is admitted."""


class Webhooks(Protocol):
    def check(self, url: str) -> None:
        """Raise Invalid unless the operator allows this address to be asked."""
        ...

    async def ask(self, url: str, body: JsonObject) -> Reply:
        """POST the body and wait, within bounds, for what is said; never follows a redirect.

        An address that is not allowed (any more) is not asked: a reply of status 0.
        """
        ...
