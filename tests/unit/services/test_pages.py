"""services/pages.py."""

import pytest

from affinage.domain.errors import Invalid
from affinage.services.pages import cut, page_size


@pytest.mark.parametrize(
    ("limit", "rows", "has_more"),
    [(1, [0], True), (2, [0, 1], True), (3, [0, 1, 2], False), (9, [0, 1, 2], False)],
)
def test_more_is_said_only_where_there_is_more(limit: int, rows: list[int], has_more: bool) -> None:
    """QUERY-46"""
    assert cut(iter(range(3)), limit) == (rows, has_more)


def test_a_page_has_one_row_at_least_and_no_more_than_may_be() -> None:
    """QUERY-46"""
    assert (page_size(5), page_size(5_000), page_size(5, 3)) == (5, 1_000, 3)
    with pytest.raises(Invalid, match="a page of 0 rows: it has 1 to 3"):
        cut([], 0, 3)
