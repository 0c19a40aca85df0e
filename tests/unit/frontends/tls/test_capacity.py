"""frontends/tls/capacity.py"""

from structlog.testing import capture_logs

from affinage.frontends.tls.capacity import Capacity
from affinage.ports.exposition import Sample


def test_who_comes_beyond_is_refused_until_somebody_leaves() -> None:
    """TLS-15"""
    capacity = Capacity(2)
    assert [capacity.enter() for _ in range(3)] == [True, True, False]
    capacity.leave()
    assert (capacity.enter(), capacity.open, capacity.refused) == (True, 2, 1)


def test_a_flood_is_told_less_and_less_often() -> None:
    capacity = Capacity(0)
    with capture_logs() as lines:
        for _ in range(100):
            capacity.enter()
    assert [line["refused"] for line in lines] == [1, 2, 4, 8, 16, 32, 64]


def test_it_tells_what_is_open_may_be_and_was_refused() -> None:
    capacity = Capacity(1)
    capacity.enter()
    capacity.enter()
    told = [(family.name, family.samples) for family in capacity.families()]
    assert told == [
        ("affinage_connections", [Sample(1)]),
        ("affinage_connections_limit", [Sample(1)]),
        ("affinage_connections_refused_total", [Sample(1)]),
    ]
