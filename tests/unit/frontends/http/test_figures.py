"""frontends/http/figures.py."""

from affinage.domain.histogram import Histogram
from affinage.frontends.http.figures import OTHER, HttpFigures


def test_requests_are_counted_by_template_and_status() -> None:
    figures = HttpFigures()
    for status in (200, 200, 404):
        figures.add("GET", "/devices/{id}", status, 0.002)
    answers, durations = figures.families()
    assert [(one.value, [*one.labels]) for one in answers.samples] == [
        (2, ["GET", "/devices/{id}", "200"]),
        (1, ["GET", "/devices/{id}", "404"]),
    ]
    [(spent, labels)] = durations.samples
    assert isinstance(spent, Histogram)
    assert (spent.counts[:3], [*labels]) == ([0, 3, 0], ["/devices/{id}"])


def test_what_a_client_makes_up_is_counted_as_one() -> None:
    figures = HttpFigures()
    for method in ("BREW", "WHEN"):
        figures.add(method, None, 404, 0.0)
    answers, _ = figures.families()
    assert [(one.value, [*one.labels]) for one in answers.samples] == [(2, [OTHER, OTHER, "404"])]
