"""Chance that can be repeated."""

from affinage.apps.simulator.chance import draw, pick


def test_the_same_names_draw_the_same_number_everywhere() -> None:
    """FIRMWARE-13: a number that another machine drew, written down."""
    assert draw(7, "pump-1", "model") == draw(7, "pump-1", "model")
    assert round(draw(7, "pump-1", "model"), 6) == 0.395404


def test_other_seeds_and_names_draw_other_numbers() -> None:
    drawn = {draw(seed, name) for seed in range(10) for name in ("a", "b", "c")}
    assert len(drawn) == 30


def test_draws_lie_in_the_unit_interval_and_all_over_it() -> None:
    drawn = [draw(1, str(number)) for number in range(1000)]
    assert all(0 <= number < 1 for number in drawn)
    assert 450 < sum(number < 0.5 for number in drawn) < 550


def test_every_choice_is_picked_at_times() -> None:
    assert {pick("abc", 3, str(number)) for number in range(50)} == {"a", "b", "c"}
