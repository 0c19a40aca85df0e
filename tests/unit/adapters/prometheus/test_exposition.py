"""adapters/prometheus/exposition.py: what it writes, Prometheus' own parsers read."""

from collections.abc import Callable, Iterable

import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser
from prometheus_client.parser import text_string_to_metric_families as plain

from affinage.adapters.prometheus.exposition import PrometheusExposition
from affinage.domain.histogram import Histogram
from affinage.ports.exposition import Family, Kind, Sample, number, spread
from fakes.looped import looped

openmetrics: Callable[[str], Iterable[Metric]] = parser.text_string_to_metric_families


def exposition() -> PrometheusExposition:
    waits = Histogram((0.5, 1.0))
    for value in (0.25, 0.75, 8.0):
        waits.add(value)
    doors = [Sample(3, ["mqtt"]), Sample(4, ["https"])]
    families = [
        number("affinage_devices", Kind.GAUGE, "Devices.", 7),
        Family("affinage_requests_total", Kind.COUNTER, "Requests.", doors, ["door"]),
        spread("affinage_wait_seconds", "Waits.", waits),
    ]
    return PrometheusExposition([lambda: families])


def values(metrics: Iterable[Metric]) -> dict[str, float]:
    return {
        f"{one.name}{''.join(one.labels.values())}": one.value
        for metric in metrics
        for one in metric.samples
        if metric.name.startswith("affinage")
    }


@looped
async def test_both_formats_say_the_same() -> None:
    page = await exposition().page("")
    other = await exposition().page("application/openmetrics-text")
    found = values(plain(page.body.decode()))
    assert found == values(openmetrics(other.body.decode()))
    assert found["affinage_devices"] == 7
    assert (found["affinage_requests_totalmqtt"], found["affinage_requests_totalhttps"]) == (3, 4)


@looped
async def test_a_histogram_counts_up_to_each_bound() -> None:
    found = values(plain((await exposition().page("")).body.decode()))
    buckets = [found[f"affinage_wait_seconds_bucket{bound}"] for bound in ("0.5", "1.0", "+Inf")]
    assert buckets == [1, 2, 3]
    assert (found["affinage_wait_seconds_count"], found["affinage_wait_seconds_sum"]) == (3, 9)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
@looped
async def test_the_format_is_the_one_that_is_asked_for(accept: str, content_type: str) -> None:
    assert (await exposition().page(accept)).content_type == content_type


@looped
async def test_of_the_process_it_tells_what_the_system_does() -> None:
    assert b"process_resident_memory_bytes " in (await exposition().page("")).body


@looped
async def test_figures_are_asked_for_at_each_look() -> None:
    counted = iter((1, 2))
    source = [number("affinage_devices", Kind.GAUGE, "Devices.", 0)]
    looks = PrometheusExposition([lambda: [source[0]._replace(samples=[Sample(next(counted))])]])
    assert b"affinage_devices 1.0" in (await looks.page("")).body
    assert b"affinage_devices 2.0" in (await looks.page("")).body
