"""The garbage collector's pauses: how often it stops the process, and for how long."""

import gc
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Final

from affinage.ports.exposition import Family, Kind, Sample

GENERATIONS: Final = 3


class Collections:
    """Counts from `watch` to `leave`; the interpreter tells of each collection."""

    def __init__(self) -> None:
        self._counts = [0] * GENERATIONS
        self._seconds = [0.0] * GENERATIONS
        self._longest = [0.0] * GENERATIONS
        self._began = 0.0

    def watch(self) -> None:
        gc.callbacks.append(self._told)

    def leave(self) -> None:
        if self._told in gc.callbacks:
            gc.callbacks.remove(self._told)

    def families(self) -> Iterator[Family]:
        for name, kind, what, values in (
            ("collections_total", Kind.COUNTER, "Runs of the garbage collector.", self._counts),
            (
                "pause_seconds_total",
                Kind.COUNTER,
                "Time that runs of the collector took.",
                self._seconds,
            ),
            (
                "longest_pause_seconds",
                Kind.GAUGE,
                "The longest run of the collector.",
                self._longest,
            ),
        ):
            samples = [Sample(value, [str(number)]) for number, value in enumerate(values)]
            yield Family(f"affinage_gc_{name}", kind, what, samples, ["generation"])

    def _told(self, phase: str, details: Mapping[str, int]) -> None:
        if phase == "start":
            self._began = perf_counter()
            return
        took, generation = perf_counter() - self._began, details["generation"]
        self._counts[generation] += 1
        self._seconds[generation] += took
        self._longest[generation] = max(took, self._longest[generation])
