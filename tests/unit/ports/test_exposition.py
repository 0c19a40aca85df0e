"""ports/exposition.py."""

from affinage.domain.histogram import Histogram
from affinage.ports.exposition import Family, Kind, Sample, number, spread


def test_a_number_is_a_family_of_one_without_labels() -> None:
    found = number("affinage_devices", Kind.GAUGE, "Devices.", 7)
    assert found == Family("affinage_devices", Kind.GAUGE, "Devices.", [Sample(7)])
    assert (found.labels, found.samples[0].labels) == ((), ())


def test_so_is_a_histogram() -> None:
    waits = Histogram((1.0,))
    found = spread("affinage_wait_seconds", "Waits.", waits)
    assert (found.kind, found.samples[0].value) == (Kind.HISTOGRAM, waits)
