"""Token buckets."""

from hypothesis import given
from hypothesis import strategies as st

from affinage.domain.buckets import Bucket


def test_a_new_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(per_s=2, burst=3)
    assert [bucket.take(1, 10.0) for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    assert (bucket.take(1, 10.5), bucket.room(10.5)) == (0.0, 0.0)


def test_it_saves_up_no_more_than_its_burst() -> None:
    assert Bucket(per_s=2, burst=3).room(1000.0) == 3


def test_time_that_stands_still_or_goes_back_gives_nothing() -> None:
    bucket = Bucket(per_s=2, burst=1)
    assert bucket.take(1, 5.0) == 0.0
    assert (bucket.room(5.0), bucket.room(4.0)) == (0.0, 0.0)


def test_what_is_more_than_the_burst_waits_for_a_full_bucket_and_leaves_a_debt() -> None:
    bucket = Bucket(per_s=1, burst=2)
    assert (bucket.take(5, 1.0), bucket.room(1.0)) == (0.0, -3.0)
    assert bucket.take(5, 1.0) == 5.0


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 3)), max_size=30))
def test_over_any_time_it_gives_its_burst_and_its_rate_and_no_more(
    asked: list[tuple[float, float]],
) -> None:
    bucket, at, given = Bucket(per_s=2, burst=3), 0.0, 0.0
    for pause, amount in asked:
        at += pause
        given += amount if bucket.take(amount, at) == 0.0 else 0.0
    assert given <= 3 + 2 * at + 1e-6


def test_after_the_seconds_that_it_said_it_gives() -> None:
    bucket = Bucket(per_s=3, burst=1)
    bucket.take(1, 0.1)
    assert bucket.take(1, 0.1 + bucket.take(1, 0.1)) == 0.0


def test_who_reserves_waits_behind_those_before() -> None:
    bucket = Bucket(per_s=2, burst=2)
    assert [bucket.reserve(1.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]
    assert bucket.reserve(2.0) == 0.5
    assert bucket.take(1, 2.5) == 0.5
    assert bucket.reserve(10.0) == 0.0
