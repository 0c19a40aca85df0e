"""The one error of this floor: what crossed the wire does not follow the protocol."""


class ProtocolError(ValueError):
    """The peer's bytes or text break a rule; nothing of them has been acted on.

    The message names the rule and, for a limit, both numbers; it never holds a secret.
    """
