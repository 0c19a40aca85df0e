import pytest

from affinage.testing.waiting import wait_until


def test_it_is_asked_again_until_it_holds() -> None:
    answers = [False, False, True]
    wait_until(lambda: answers.pop(0))
    assert not answers


def test_what_never_comes_to_hold_is_told() -> None:
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        wait_until(lambda: False, patience_s=0.01)
