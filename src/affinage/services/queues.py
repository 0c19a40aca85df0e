"""The queues of all identities: as committed, and as the units of one commit leave them.

What a queue admits is decided in `domain.messages`; here it is found, written and kept. A queue
goes with its identity, in the same commit.
"""

from collections.abc import Container, Iterator
from typing import Final

from msgspec.structs import replace

from affinage.domain.audit import Deed
from affinage.domain.device import Device
from affinage.domain.messages import Queue
from affinage.domain.names import TwinKey
from affinage.ports.store import Row, Table
from affinage.services.fleet import codec
from affinage.services.fleet.fleet import Change, Fleet, Overlay
from affinage.services.fleet.unit import Result, View

NOT_A_QUEUE: Final = "/"
"""What the keys of the table begin with that name no identity."""


class Queues:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._queues: dict[str, Queue] = {}
        """As committed, by the identity's path."""
        self._drafts: dict[str, Queue] = {}
        """As the units of `_view` have left them so far."""
        self._view: View | None = None
        self.bytes = 0
        """In the bodies of all that waits, as committed."""
        self.count = 0
        """Messages that wait, as committed."""

    def open(self) -> None:
        """Read the queues; from now on, hear of every commit."""
        for name, body in self._fleet.saved(Table.MESSAGES):
            if not name.startswith(NOT_A_QUEUE):
                self._set(name, codec.decode(body, Queue))
        self._fleet.listen(self._committed)

    def of(self, key: TwinKey) -> Queue:
        """The queue as it is committed."""
        return self._queues.get(key.path) or Queue("")

    def waiting(self) -> Iterator[tuple[TwinKey, Queue]]:
        """Every queue with a message in it, as committed."""
        return (
            (TwinKey.parse(name), queue)
            for name, queue in [*self._queues.items()]
            if queue.messages
        )

    def tidy(self, used: Container[TwinKey]) -> None:
        """Forget the empty queues of identities that are not ``used``: numbers begin anew there."""
        for name, queue in [*self._queues.items()]:
            if not queue.messages and TwinKey.parse(name) not in used:
                del self._queues[name]

    def seen(self, view: View, key: TwinKey) -> Queue:
        """The queue as every unit before this one has left it.

        Raises:
            DeviceNotFound, ModuleNotFound: the identity does not exist.
        """
        self._look(view)
        generation = _generation(view.device(key.device), key)
        found = self._drafts.get(key.path) or self._queues.get(key.path)
        if found is None or found.generation != generation:
            return Queue(generation)
        return found

    def written(
        self,
        view: View,
        key: TwinKey,
        queue: Queue,
        answer: Result,
        *rows: Row,
        deeds: tuple[Deed, ...] = (),
    ) -> Change[Result]:
        """The change that leaves the queue so, with ``rows`` beside it, as these ``deeds``."""
        self._look(view)
        self._drafts[key.path] = queue
        body = codec.encode(queue) if queue.messages else None
        presence = replace(view.presence(key), waiting=len(queue.messages))
        row = Row(Table.MESSAGES, key.path, body)
        return Change(lambda _: answer, presence={key: presence}, rows=(row, *rows), deeds=deeds)

    def _look(self, view: View) -> None:
        """Forget drafts of another commit: it has been heard of, or it has failed."""
        if self._view is not view:
            self._view = view
            self._drafts = {}

    def _committed(self, overlay: Overlay) -> None:
        for row in overlay.rows:
            name = str(row.key)
            if row.table is Table.MESSAGES and not name.startswith(NOT_A_QUEUE):
                self._follow(name, is_empty=row.body is None)
        self._view, self._drafts = None, {}

    def _follow(self, name: str, *, is_empty: bool) -> None:
        """Of several rows of one queue the last counts; a row that no draft wrote deletes."""
        draft = self._drafts.get(name)
        if draft is not None and is_empty is not bool(draft.messages):
            self._set(name, draft)  # an empty one too: its numbers go on
        else:
            self._set(name, None)

    def _set(self, name: str, queue: Queue | None) -> None:
        before = self._queues.get(name)
        self.bytes += _bytes(queue) - _bytes(before)
        self.count += _count(queue) - _count(before)
        if queue is None:
            self._queues.pop(name, None)
        else:
            self._queues[name] = queue


def _count(queue: Queue | None) -> int:
    return len(queue.messages) if queue else 0


def _bytes(queue: Queue | None) -> int:
    return sum(len(message.body) for message in queue.messages) if queue else 0


def _generation(device: Device, key: TwinKey) -> str:
    if key.module is None:
        return device.identity.generation
    return device.module(key.module).identity.generation
