"""Finding rows: bitmaps where there are any, `evaluate` for the rest, in slices that let others on.

Bitmaps only narrow down; `matches` has the last word on every row given out, so that what changes
while a long search goes on is answered as it is when the row is read.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

from pyroaring import BitMap

from affinage.domain.conditions import collection_of
from affinage.domain.names import TwinKey
from affinage.domain.query.evaluate import matches
from affinage.domain.query.plan import candidates
from affinage.domain.query.syntax import Collection, Expr, paths
from affinage.domain.row import TwinRow
from affinage.services.fleet.memory import Memory
from affinage.services.fleet.reading import reader

SLICE: Final = 200
"""Rows looked at before others get their turn: about two milliseconds."""

_FEW: Final = 5_000
"""Sort what was found if there is no more, which takes some milliseconds; else walk all ids."""


async def count(memory: Memory, collection: Collection, condition: Expr | None) -> int:
    """How many rows match; without looking at one where the bitmaps say it all."""
    return len(await matching(memory, collection, condition))


async def matching(memory: Memory, collection: Collection, condition: Expr | None) -> BitMap:
    """The numbers of the rows that match, as each was when it was looked at."""
    found, maybe = narrowed(memory, collection, condition)
    if condition is None or not maybe:
        return found
    read = reader(memory, collection, paths(condition))
    for position, number in enumerate(maybe, start=1):
        if (row := read(number)) is not None and matches(condition, row):
            found.add(number)
        if position % SLICE == 0:
            await asyncio.sleep(0)
    return found


def tally(memory: Memory, collection: Collection, condition: Expr | None) -> int | None:
    """How many rows match, by bitmaps alone; None if rows would have to be looked at."""
    sure, maybe = candidates(condition, memory.bitmaps[collection])
    return None if maybe else len(sure)


async def rows(
    memory: Memory,
    collection: Collection,
    condition: Expr | None,
    after: TwinKey | None = None,
) -> AsyncIterator[TwinRow]:
    """Every matching row behind ``after``, ordered by device id, then module id."""
    sure, maybe = narrowed(memory, collection, condition)
    for numbers in _in_order(memory, collection, sure | maybe, after):
        for number in numbers:
            row = memory.row(collection, number)
            if row is not None and matches(condition, row):
                yield row
        await asyncio.sleep(0)


def reached(memory: Memory, configuration_id: str) -> BitMap:
    """The devices that carry a configuration, all that may match its condition now, and some more.

    What a dirty device could not be made is nowhere written, nor what a frozen one would carry: the
    change may be what they wait for.
    """
    devices = BitMap(memory.carriers.get(configuration_id, ())) | memory.pending.held
    rule = memory.rulebook.rules.get(configuration_id)
    if rule is None or rule.condition is None:
        return devices
    collection = collection_of(rule.kind)
    sure, maybe = narrowed(memory, collection, rule.condition)
    if collection is Collection.DEVICES:
        return devices | sure | maybe
    keys = (memory.modules[number] for number in sure | maybe)
    return devices | BitMap({memory.numbers[key.device] for key in keys})


def narrowed(
    memory: Memory, collection: Collection, condition: Expr | None
) -> tuple[BitMap, BitMap]:
    """The rows that match for sure, and those that only `evaluate` can tell; both are copies."""
    bitmaps = memory.bitmaps[collection]
    if condition is None:
        return BitMap(bitmaps.everything), BitMap()
    sure, maybe = candidates(condition, bitmaps)
    return BitMap(sure), BitMap(maybe)


def _in_order(
    memory: Memory, collection: Collection, wanted: BitMap, after: TwinKey | None
) -> Iterator[list[int]]:
    """The numbers of those behind ``after``, in the order of their keys, in slices."""
    if collection is Collection.DEVICES and len(wanted) > _FEW:
        return _walk(memory, wanted, after)
    keyed = ((_key(memory, collection, number), number) for number in wanted)
    least = ("", "") if after is None else (after.device, after.module or "")
    found = sorted((key, number) for key, number in keyed if after is None or key > least)
    numbers = [number for _, number in found]
    return (numbers[start : start + SLICE] for start in range(0, len(numbers), SLICE))


def _walk(memory: Memory, wanted: BitMap, after: TwinKey | None) -> Iterator[list[int]]:
    """In the order of ids, a stretch at a time: the list may change between two of them."""
    at = after.device if after else None
    while stretch := list(memory.ids.islice(*_bounds(memory, at))):
        numbers = [memory.numbers[device_id] for device_id in stretch]
        yield [number for number in numbers if number in wanted]
        at = stretch[-1]


def _bounds(memory: Memory, at: str | None) -> tuple[int, int]:
    start = 0 if at is None else memory.ids.bisect_right(at)
    return start, start + SLICE


def _key(memory: Memory, collection: Collection, number: int) -> tuple[str, str]:
    if collection is Collection.MODULES:
        key = memory.modules[number]
        return key.device, key.module or ""
    return memory.ids_by_number[number] or "", ""
