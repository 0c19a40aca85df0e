"""How many requests were answered how, and how long that took: by template, never by path."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from affinage.domain.histogram import Histogram
from affinage.ports.exposition import Family, Kind, Sample

METHODS: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})

OTHER: Final = "other"
"""A method or a path that no door has: clients may make up as many as they like."""

BOUNDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Seconds; few, for each route has them."""


class HttpFigures:
    """Of all doors that share it."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, str, int]] = Counter()
        self._durations: dict[str, Histogram] = {}

    def add(self, method: str, route: str | None, status: int, took_s: float) -> None:
        """Count one request that has been answered."""
        asked = method if method in METHODS else OTHER
        place = route or OTHER
        self._answers[asked, place, status] += 1
        durations = self._durations.get(place)
        if durations is None:
            durations = self._durations[place] = Histogram(BOUNDS)
        durations.add(took_s)

    def families(self) -> Iterator[Family]:
        answers = [
            Sample(count, [method, route, str(status)])
            for (method, route, status), count in sorted(self._answers.items())
        ]
        labels = ["method", "route", "status"]
        what = "Requests over HTTPS that were answered; 499 is of clients that went away."
        yield Family("affinage_http_requests_total", Kind.COUNTER, what, answers, labels)
        durations = [Sample(one, [route]) for route, one in sorted(self._durations.items())]
        what = "From a request's header to the end of its answer."
        name = "affinage_http_request_duration_seconds"
        yield Family(name, Kind.HISTOGRAM, what, durations, ["route"])
