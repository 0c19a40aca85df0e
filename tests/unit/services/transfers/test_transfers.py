"""services/transfers: from what is asked to the files, and back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from affinage.adapters.memory.blobs import MemoryBlobs
from affinage.domain.errors import (
    AffinageError,
    Forbidden,
    Invalid,
    JobNotFound,
    Throttled,
    TooManyJobs,
)
from affinage.domain.principal import Right
from affinage.domain.values import JsonObject
from affinage.ports.blobs import Sink
from affinage.ports.store import Table
from affinage.services.limits import Operation, Rate
from affinage.services.transfers import importing, transfers
from affinage.services.transfers.exporting import Exporting
from affinage.services.transfers.importing import Importing
from affinage.services.transfers.places import Allowed
from affinage.services.transfers.transfers import Transfers
from fakes.life import OWNER, Life, key_of, living, policy
from fakes.looped import looped

OUT, IN = "memory:out?sig=secret", "memory:in?sig=secret"
EXPORT: JsonObject = {"type": "export", "outputBlobContainerUri": OUT}
IMPORT: JsonObject = {**EXPORT, "type": "import", "inputBlobContainerUri": IN}


class HeldBlobs(MemoryBlobs):
    """Finishes no file."""

    @asynccontextmanager
    async def write(self, uri: str, name: str) -> AsyncIterator[Sink]:

        async with super().write(uri, name) as sink:
            yield sink
            await asyncio.Event().wait()


@dataclass
class Desk:
    """Transfers of a life, and the files."""

    life: Life
    transfers: Transfers
    blobs: MemoryBlobs

    async def done(self, body: JsonObject, turns: int = 400) -> JsonObject:
        """The transfer at its end."""
        made = await self.transfers.create(body, by=OWNER)
        await self.life.turn(turns)
        return await self.transfers.get(str(made["jobId"]), by=OWNER)

    def lines(self, uri: str, name: str) -> list[Any]:
        return [json.loads(line) for line in self.blobs.files[uri, name].splitlines()]

    def put(self, *lines: object, name: str = "devices.txt") -> None:
        text = "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines)
        self.blobs.files[IN, name] = text.encode()


@asynccontextmanager
async def desk(life: Life | None = None, blobs: MemoryBlobs | None = None) -> AsyncIterator[Desk]:

    async with living(life=life or Life()) as running:
        blobs = blobs or MemoryBlobs()
        made = Transfers(
            running.fleet,
            Allowed([blobs]),
            Exporting(running.fleet, running.vault),
            Importing(running.bulk, running.configurations, _number),
            vault=running.vault,
            clock=running.clock,
            ids=running.ids,
            limits=running.limits,
        )
        await made.open()
        task = asyncio.ensure_future(made.run())
        yield Desk(running, made, blobs)
        task.cancel()


def _number(error: AffinageError) -> int:
    return 400000 + len(error.code)


@looped
async def test_an_export_has_a_line_for_each_identity() -> None:
    """TRANSFER-8"""
    async with desk() as at:
        await at.life.create("b", tags={"a": 1}, desired={"rate": 5})
        await at.life.create("a", "b/m")
        await at.life.report("b", temperature=7)
        document = await at.done(EXPORT)
        assert (document["status"], document["progress"]) == ("completed", 100)
        a, b, module = at.lines(OUT, "devices.txt")
        assert (a["id"], module["id"], module["moduleId"]) == ("a", "b", "m")
        assert (b["tags"], b["properties"]) == (
            {"a": 1},
            {"desired": {"rate": 5}, "reported": {"temperature": 7}},
        )
        assert b["authentication"]["symmetricKey"]["primaryKey"]
        assert (b["status"], b["capabilities"]) == ("enabled", {"iotEdge": False})


@looped
async def test_who_is_retired_is_exported_too_as_disabled() -> None:
    """TRANSFER-8"""
    async with desk() as at:
        await at.life.create("a", "b")
        await at.life.replacing.retire("a", by=OWNER)
        await at.done(EXPORT)
        told = [(one["id"], one["status"]) for one in at.lines(OUT, "devices.txt")]
        assert told == [("b", "enabled"), ("a", "disabled")]


@looped
async def test_keys_may_be_left_out() -> None:
    """TRANSFER-8"""
    async with desk() as at:
        await at.life.create("a")
        await at.done({**EXPORT, "excludeKeysInExport": True})
        [line] = at.lines(OUT, "devices.txt")
        assert line["authentication"]["symmetricKey"] == {"primaryKey": None, "secondaryKey": None}


@looped
async def test_what_was_exported_is_imported_as_it_was() -> None:
    """TRANSFER-9, TRANSFER-12"""
    async with desk() as at:
        await at.life.create("edge", edge=True)
        await at.life.create("d", "d/m", tags={"a": 1}, desired={"rate": 5})
        await at.life.configure("one", "tags.a = 2")
        await at.life.settle()
        await at.done({**EXPORT, "includeConfigurations": True})
        devices = at.blobs.files[OUT, "devices.txt"]
        configurations = at.blobs.files[OUT, "configurations.txt"]
    async with desk() as other:
        other.blobs.files[IN, "devices.txt"] = devices
        other.blobs.files[IN, "configurations.txt"] = configurations
        document = await other.done({**IMPORT, "includeConfigurations": True}, turns=2000)
        assert (document["status"], other.lines(OUT, "importErrors.log")) == ("completed", [])
        names = ("d", "d/m", "edge", "edge/$edgeAgent")
        for name in names:
            assert await _kept(at.life, name) == await _kept(other.life, name), name
        assert [one.id for one in other.life.fleet.configurations()] == ["one"]
        again = await other.done({**IMPORT, "includeConfigurations": True}, turns=2000)
        assert (again["status"], other.lines(OUT, "importErrors.log")) == ("completed", [])


async def _kept(life: Life, name: str) -> tuple[object, ...]:
    """What must be the same in another hub."""
    key = key_of(name)
    identity: Any = await life.registry.get(key, by=OWNER) if life.fleet.find(key.device) else None
    twin = life.fleet.row(key).twin
    return identity["authentication"], twin.tags, twin.desired.values


@looped
async def test_what_one_line_refuses_is_told_and_the_others_are_done() -> None:
    """TRANSFER-9, TRANSFER-10"""
    async with desk() as at:
        at.put(
            {"id": "a"},
            "not json",
            "[1]",
            {"id": "b", "importMode": "delete"},
            {"id": "a", "moduleId": "m"},
            "",
            {"id": "c", "importMode": "fly"},
        )
        document = await at.done(IMPORT)
        assert document["status"] == "completed"
        told = at.lines(OUT, "importErrors.log")
        assert [(one["deviceId"], one["moduleId"]) for one in told] == [
            (None, None),
            (None, None),
            ("b", None),
            ("c", None),
        ]
        assert (told[2]["errorCode"], told[2]["errorStatus"]) == (400016, "no device b")
        assert [*at.life.stored()["a"].modules] == ["m"]


@looped
async def test_a_configuration_that_is_refused_is_told() -> None:
    """TRANSFER-10, TRANSFER-12"""
    async with desk() as at:
        at.put({"id": "a"})
        at.put({"id": "A b"}, {"id": "good"}, "x", name="configurations.txt")
        await at.done({**IMPORT, "includeConfigurations": True})
        told = at.lines(OUT, "importErrors.log")
        assert [one["configurationId"] for one in told] == ["A b", None]
        assert [one.id for one in at.life.fleet.configurations()] == ["good"]


@looped
async def test_a_file_that_is_not_there_or_a_line_without_end_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TRANSFER-10"""
    monkeypatch.setattr(importing, "MAX_LINE", 50)
    async with desk() as at:
        document = await at.done(IMPORT)
        assert (document["status"], document["failureReason"]) == (
            "failed",
            "there is no devices.txt",
        )
        at.put("x" * 60)
        assert (await at.done(IMPORT))["failureReason"] == "a line has more than 50 bytes"
        assert (OUT, "importErrors.log") not in at.blobs.files


@looped
async def test_one_is_under_way_at_a_time_and_can_be_cancelled() -> None:
    """TRANSFER-6"""
    async with desk(blobs=HeldBlobs()) as at:
        made = await at.transfers.create(EXPORT, by=OWNER)
        await at.life.turn(50)
        with pytest.raises(TooManyJobs, match="1 of 1 export or import"):
            await at.transfers.create(EXPORT, by=OWNER)
        assert (await at.transfers.get(str(made["jobId"]), by=OWNER))["status"] == "running"
        document = await at.transfers.cancel(str(made["jobId"]), by=OWNER)
        await at.life.turn(50)
        assert (document["status"], at.blobs.files) == ("cancelled", {})
        again = await at.transfers.cancel(str(made["jobId"]), by=OWNER)
        assert again["status"] == "cancelled"
        await at.transfers.create(EXPORT, by=OWNER)


@looped
async def test_what_a_stop_has_cut_off_has_failed() -> None:
    """TRANSFER-11"""
    async with desk(blobs=HeldBlobs()) as at:
        made = await at.transfers.create(EXPORT, by=OWNER)
        await at.life.turn(50)
    async with desk(Life(at.life)) as again:
        document = await again.transfers.get(str(made["jobId"]), by=OWNER)
        assert document["status"] == "failed"
        assert document["failureReason"] == "the hub stopped while it was under way"


@looped
async def test_a_place_that_is_not_allowed_is_refused_and_a_secret_is_nowhere() -> None:
    """TRANSFER-3, TRANSFER-5"""
    async with desk() as at:
        for name in ("outputBlobContainerUri", "inputBlobContainerUri"):
            body = {**IMPORT, name: "https://a.test/c?sig=secret"}
            with pytest.raises(Invalid, match=r"https://a\.test/c is not allowed") as no:
                await at.transfers.create(body, by=OWNER)
            assert "secret" not in str(no.value)
        shown = await at.done(EXPORT)
        assert "secret" not in json.dumps(shown)
        assert at.life.keys(Table.TRANSFERS) == [shown["jobId"]]


@looped
async def test_an_end_that_the_store_refuses_is_written_later() -> None:
    """TRANSFER-6: or no other could begin."""
    async with desk() as at:
        made = await at.transfers.create(EXPORT, by=OWNER)
        at.life.disk.fails = True
        await at.life.turn(100)
        assert (await at.transfers.get(str(made["jobId"]), by=OWNER))["status"] == "running"
        at.life.disk.fails = False
        at.life.clock.advance(transfers.RETRY_S)
        await at.life.turn(100)
        assert (await at.transfers.get(str(made["jobId"]), by=OWNER))["status"] == "completed"
        await at.transfers.create(EXPORT, by=OWNER)


@looped
async def test_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRANSFER-6"""
    monkeypatch.setattr(transfers, "MAX_KEPT", 2)
    async with desk() as at:
        made = []
        for _ in range(3):
            made.append((await at.done(EXPORT))["jobId"])
            at.life.clock.advance(1)
        listed = await at.transfers.list_all(by=OWNER)
        assert [one["jobId"] for one in listed] == [made[2], made[1]]
        assert {*at.life.keys(Table.TRANSFERS)} == {*map(str, made[1:])}
        with pytest.raises(JobNotFound):
            await at.transfers.get(str(made[0]), by=OWNER)


@looped
async def test_a_transfer_takes_a_right_and_a_token() -> None:
    """THROTTLE-1"""
    async with desk(Life(throttle={Operation.JOB: Rate(1, 60)})) as at:
        with pytest.raises(Forbidden):
            await at.transfers.create(EXPORT, by=policy(Right.SERVICE_CONNECT))
        with pytest.raises(Forbidden):
            await at.transfers.list_all(by=policy(Right.SERVICE_CONNECT))
        await at.transfers.create(EXPORT, by=OWNER)
        with pytest.raises(Throttled):
            await at.transfers.list_all(by=OWNER)
