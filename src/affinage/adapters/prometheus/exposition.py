"""Pages in Prometheus' text format, and in OpenMetrics for who asks for it.

Rendered when somebody looks, from figures that the hub keeps anyway.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from affinage.domain.histogram import Histogram
from affinage.ports.exposition import Family, Kind, Page, Sample, Source

_OPENMETRICS: Final = "application/openmetrics-text"

_open: Callable[[Collector], bytes] = generate_openmetrics  # which has no types of its own


class PrometheusExposition:
    """Implements `ports.exposition.Exposition`; of the process, too, where the system tells."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = [*sources]
        self._process = ProcessCollector(registry=None)

    async def page(self, accept: str) -> Page:
        # In a thread: it lists every open descriptor, 11 ms where there are 15,000.
        of_process = await asyncio.to_thread(lambda: [*self._process.collect()])
        families = [family for source in self._sources for family in source()]
        collector = Collected([*map(_metric, families), *of_process])
        if _OPENMETRICS in accept:
            return Page(OPENMETRICS, _open(collector))
        return Page(CONTENT_TYPE_PLAIN_0_0_4, generate_latest(collector))


class Collected(Collector):
    """What has been collected, as the encoders want it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _metric(family: Family) -> Metric:
    match family.kind:
        case Kind.HISTOGRAM:
            return _histogram(family)
        case Kind.COUNTER:
            return _numbers(family, CounterMetricFamily)
        case Kind.GAUGE:
            return _numbers(family, GaugeMetricFamily)


def _numbers(family: Family, kind: type[CounterMetricFamily] | type[GaugeMetricFamily]) -> Metric:
    metric = kind(family.name, family.what, labels=family.labels)
    for value, labels in family.samples:
        assert not isinstance(value, Histogram)  # the family is none of histograms
        metric.add_metric(labels, value)
    return metric


def _histogram(family: Family) -> Metric:
    metric = HistogramMetricFamily(family.name, family.what, labels=family.labels)
    for sample in family.samples:
        histogram, labels = _spread(sample)
        metric.add_metric(labels, _buckets(histogram), histogram.total)
    return metric


def _spread(sample: Sample) -> tuple[Histogram, Sequence[str]]:
    assert isinstance(sample.value, Histogram)  # the family is one of histograms
    return sample.value, sample.labels


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Each bound with the number of values up to it."""
    bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
    return [*zip(bounds, accumulate(histogram.counts), strict=True)]
