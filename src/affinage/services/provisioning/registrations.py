"""Registrations: a device comes with a proof and is given a hub; as an operation, to be polled.

Source: docs/spec/provisioning.md.
"""

from affinage.domain.values import JsonObject, JsonValue
from affinage.services.provisioning.arrivals import Answer, Arrival

__all__ = ["Answer", "Arrival", "Registrations"]


class Registrations:
    """Whoever is refused is told no more than that: not whether there is such an enrollment."""

    async def register(
        self, arrival: Arrival, payload: JsonValue = None, *, force: bool = False
    ) -> Answer:
        """Begin to assign a device to a hub; durable when it returns.

        Asked again before that is done, it answers with the operation under way.

        Args:
            payload: what the device tells whoever allocates; None for nothing.
            force: ``forceRegistration``; of no consequence.

        Returns:
            Never the result: an operation to be polled, ``retry_after_s`` from now.

        Raises:
            Challenged: it must prove that it has the TPM that its enrollment names.
            Unauthorized: no such scope or enrollment, no proof, or it is disabled: all told alike.
            Invalid, Malformed: the request can never succeed; Throttled; Unavailable.
        """
        raise NotImplementedError

    async def operation(self, arrival: Arrival, operation_id: str) -> Answer:
        """How an operation is: as `register` while it goes on, else the result.

        Raises:
            Unauthorized: as `register`.
            RegistrationNotFound: the device began no such operation.
        """
        raise NotImplementedError

    async def state(self, arrival: Arrival) -> JsonObject:
        """What is known of the device that asks: ``registrationState``.

        Raises:
            Unauthorized: as `register`.
            RegistrationNotFound: it never registered.
        """
        raise NotImplementedError
