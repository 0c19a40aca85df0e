"""Locks on messages that devices receive by request: who has which in its hands, and how long.

Locks are known to this process alone: a restart ends all, and the messages are received again. They
end with their identity: one that is made again under its old name counts its messages anew.

Source: docs/spec/device-api.md, DEVICE-20 to DEVICE-24.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from affinage.domain.errors import Invalid, LockLost
from affinage.domain.messages import Message
from affinage.domain.names import TwinKey
from affinage.ports.clock import Clock
from affinage.ports.ids import Ids

LOCK_S: Final = 60
"""Seconds for which a message is locked where nothing is said."""

MIN_LOCK_S: Final = 5
MAX_LOCK_S: Final = 300
"""Seconds for which one may be asked to be locked."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message that was given out, and the token that it is settled by."""

    token: str
    message: Message


@dataclass(frozen=True, slots=True)
class _Lock:
    generation: str
    number: int
    until: float


class Locks:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids
        self._locks: dict[TwinKey, dict[str, _Lock]] = {}

    def lock(self, key: TwinKey, generation: str, message: Message, seconds: int) -> Received:
        """Keep a message of an identity, in this generation of it, for whoever gets the token."""
        token, until = self._ids.uuid(), self._clock.monotonic() + seconds
        self._locks.setdefault(key, {})[token] = _Lock(generation, message.number, until)
        return Received(token, message)

    def locked(self, key: TwinKey, token: str) -> tuple[str, int]:
        """The generation and the number of the message that a token locks; LockLost."""
        lock = self._of(key).get(token)
        if lock is None:
            raise LockLost("the lock has ended, or there never was one")
        return lock.generation, lock.number

    def free(self, key: TwinKey, token: str) -> None:
        """End a lock; one that has ended is fine."""
        self._of(key).pop(token, None)

    def numbers(self, key: TwinKey, generation: str) -> set[int]:
        """The messages of an identity that are locked."""
        held = self._of(key).values()
        return {lock.number for lock in held if lock.generation == generation}

    def keys(self) -> Iterator[TwinKey]:
        """Whose messages are locked."""
        return (key for key in [*self._locks] if self._of(key))

    def _of(self, key: TwinKey) -> dict[str, _Lock]:
        """The locks of an identity that have not ended."""
        now = self._clock.monotonic()
        held = self._locks.get(key, {})
        if left := {token: lock for token, lock in held.items() if lock.until > now}:
            self._locks[key] = left
        else:
            self._locks.pop(key, None)
        return left


def admitted_lock(seconds: int) -> int:
    """Raise Invalid unless a message may be locked for so long."""
    if not MIN_LOCK_S <= seconds <= MAX_LOCK_S:
        raise Invalid(f"a lock of {seconds} s: it must be from {MIN_LOCK_S} to {MAX_LOCK_S}")
    return seconds
