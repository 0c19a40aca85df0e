"""Pages: some of many rows, and where the next ones begin."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from affinage.domain.errors import Invalid
from affinage.domain.values import JsonObject

DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 1_000
"""Rows in one page."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page:
    item_type: str
    rows: list[JsonObject]
    continuation: str | None
    """For the next page; None if this was the last."""


def page_size(limit: int, most: int = MAX_PAGE) -> int:
    """How many rows a page has where ``limit`` are wanted; Invalid of less than 1."""
    if limit < 1:
        raise Invalid(f"a page of {limit} rows: it has 1 to {most}")
    return min(limit, most)


def cut(rows: Iterable[Row], limit: int, most: int = MAX_PAGE) -> tuple[list[Row], bool]:
    """The first of the rows, and whether there are more; Invalid as `page_size`."""
    size = page_size(limit, most)
    some = [*islice(rows, size + 1)]
    return some[:size], len(some) > size
