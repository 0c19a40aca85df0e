"""Feedback: what became of a message, for whoever sent it.

Source: docs/spec/messages.md.
"""

from msgspec import Struct

from affinage.domain.messages import Fate, Left, is_told
from affinage.domain.moments import Millis, iso
from affinage.domain.names import TwinKey
from affinage.domain.values import JsonObject


class Feedback(Struct, frozen=True, array_like=True, gc=False):
    message_id: str
    at: Millis
    """When it left its queue."""
    fate: Fate
    device: str
    module: str | None
    generation: str
    """Of the identity."""

    def document(self) -> JsonObject:
        """As the clients of the field read it.

        Source: MESSAGE-21.
        """
        shown: JsonObject = {
            "originalMessageId": self.message_id,
            "enqueuedTimeUtc": iso(self.at),
            "statusCode": self.fate,
            "description": self.fate,
            "deviceId": self.device,
            "deviceGenerationId": self.generation,
        }
        return shown if self.module is None else {**shown, "moduleId": self.module}


def feedback(key: TwinKey, generation: str, left: Left, at: Millis) -> Feedback | None:
    """What its sender is told of a message that has left; None if it does not want to know.

    Source: MESSAGE-20.
    """
    message, fate = left
    if not is_told(message.ack, fate):
        return None
    return Feedback(message.message_id, at, fate, key.device, key.module, generation)
