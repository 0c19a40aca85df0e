"""Any history, with failed commits and restarts, leaves a log that verifies; a change is found."""

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import MsgspecError

from affinage.domain.audit import Entry, fault, fault_at_the_beginning
from affinage.domain.errors import AffinageError
from affinage.ports.store import Table
from affinage.services.fleet import codec
from affinage.services.fleet.ledger import anchor_of
from fakes.life import Life, living

UNREADABLE = (MsgspecError, ValueError)

STEPS = st.lists(
    st.sampled_from(["create", "tag", "delete", "fail", "mend", "restart", "prune"]), max_size=20
)


def faults(rows: list[bytes], anchor: Any) -> list[str]:
    try:
        entries = [codec.decode(body, Entry) for body in rows][::-1]
    except UNREADABLE as error:
        return [str(error)]
    found = [fault(one, newer) for one, newer in zip(entries, [None, *entries], strict=False)]
    return [one for one in (*found, fault_at_the_beginning(entries[-1], anchor)) if one]


async def step(life: Life, what: str) -> None:
    match what:
        case "create":
            await life.create("d")
        case "tag":
            await life.tag("d", a=1)
        case "delete":
            await life.delete("d")
        case "prune":
            life.audit._max_entries = 3
            await life.audit._prune()
        case _:
            life.disk.fails = what == "fail"


async def lived(steps: list[str]) -> tuple[list[bytes], Any]:
    life = Life()
    for part in "\n".join(steps).split("restart"):
        life.disk.fails = False
        async with living(life) as life:
            await life.audit.open()
            for what in part.split():
                with suppress(AffinageError):  # it does not exist, exists, or the disk is full
                    await step(life, what)
    return [body for _, body in life.store.read(Table.AUDIT)], anchor_of(life.store)


@given(STEPS)
def test_any_history_verifies(steps: list[str]) -> None:
    """AUDIT-2, AUDIT-5, AUDIT-6"""
    rows, anchor = asyncio.run(lived(steps))
    assert rows
    assert faults(rows, anchor) == []


@given(STEPS, st.integers(0), st.integers(0), st.integers(1, 255))
def test_any_changed_byte_is_found(steps: list[str], entry: int, at: int, bits: int) -> None:
    """AUDIT-6"""
    rows, anchor = asyncio.run(lived(["create", *steps]))
    body = bytearray(rows[entry % len(rows)])
    body[at % len(body)] ^= bits
    changed = [*rows]
    changed[entry % len(rows)] = bytes(body)
    before = [codec.decode(one, Entry) for one in rows]
    try:
        is_same = [codec.decode(one, Entry) for one in changed] == before
    except UNREADABLE:
        is_same = False
    assert is_same or faults(changed, anchor)
