"""Which hubs devices are given to, and who may say so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from affinage.domain.errors import (
    EtagMismatch,
    Forbidden,
    HubLinked,
    HubNotFound,
    Invalid,
    InvalidOperation,
    TooManyHubs,
)
from affinage.domain.etags import ANY
from affinage.domain.principal import Principal, Right
from affinage.domain.provisioning.link import MAX_LINKS
from affinage.ports.hubs import Reach, TwinContent, Wanted
from affinage.ports.store import Table
from affinage.services.provisioning.links import Links
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped
from fakes.vault import OpenVault

KEY: Final = "c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGtleQ=="
STRING: Final = f"HostName=H2.test;SharedAccessKeyName=link;SharedAccessKey={KEY}"
LINKING: Final[Any] = {"connectionString": STRING}
STRANGER: Final = policy(Right.REGISTRY_READ | Right.REGISTRY_WRITE)


@dataclass
class FakeHub:
    host: str
    is_closed: bool = False

    async def find(self, device_id: str, *, by: Principal) -> TwinContent | None:
        raise NotImplementedError

    async def provision(self, wanted: Wanted, *, by: Principal) -> None:
        raise NotImplementedError

    async def remove(self, device_id: str, *, by: Principal) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Dialled:
    reached: list[Reach] = field(default_factory=list)
    failure: Exception | None = None

    def __call__(self, reach: Reach) -> FakeHub:
        if self.failure:
            raise self.failure
        self.reached.append(reach)
        return FakeHub(reach.string.host)


def links_of(life: Life, dial: Dialled) -> Links:
    links = Links(life.fleet, FakeHub("h1.test"), dial, vault=OpenVault(), ids=life.ids)
    links.open()
    return links


@asynccontextmanager
async def linking() -> AsyncIterator[tuple[Links, Dialled, Life]]:
    async with living() as life:
        dial = Dialled()
        yield links_of(life, dial), dial, life


@looped
async def test_the_hub_itself_is_always_linked() -> None:
    """LINK-5."""
    async with linking() as (links, _, _):
        assert links.weights() == {"h1.test": 1}
        found = links.find("H1.TEST")
        assert found is not None
        assert found.host == "h1.test"
        assert links.find("h2.test") is None
        await links.put("h1.test", {"weight": 3}, if_match=None, by=OWNER)
        assert links.weights() == {"h1.test": 3}
        with pytest.raises(InvalidOperation, match="itself"):
            await links.delete("h1.test", if_match=None, by=OWNER)


@looped
async def test_a_hub_is_linked_shown_changed_and_taken_away() -> None:
    """LINK-1, LINK-2, LINK-4, LINK-6."""
    async with linking() as (links, _, _):
        made = await links.put("h2.test", {**LINKING, "weight": 2}, if_match=None, by=OWNER)
        assert (made["host"], made["policy"], made["weight"]) == ("h2.test", "link", 2)
        assert KEY not in str(await links.list_all(by=OWNER))
        assert await links.get("H2.test", by=OWNER) == made
        etag = str(made["etag"])
        changed = await links.put("h2.test", {"weight": 9}, if_match=etag, by=OWNER)
        assert links.weights() == {"h1.test": 1, "h2.test": 9}
        with pytest.raises(EtagMismatch):
            await links.delete("h2.test", if_match=etag, by=OWNER)
        await links.delete("h2.test", if_match=str(changed["etag"]), by=OWNER)
        assert links.weights() == {"h1.test": 1}


@looped
async def test_a_linked_hub_is_dialled_with_what_was_said_last() -> None:
    """LINK-3, LINK-4."""
    async with linking() as (links, dial, _):
        await links.put("h2.test", LINKING, if_match=None, by=OWNER)
        first = links.find("h2.test")
        assert links.find("h2.test") is first
        reach = dial.reached[-1]
        assert (reach.string.key, reach.port, reach.certificate) == (KEY, 443, None)
        await links.put("h2.test", {"port": 444}, if_match=ANY, by=OWNER)
        assert links.find("h2.test") is not first
        assert (dial.reached[-1].string.key, dial.reached[-1].port) == (KEY, 444)


@looped
async def test_links_are_hung_up() -> None:
    """LINK-6."""
    async with linking() as (links, _, _):
        for host in ("h2.test", "h3.test"):
            body: Any = {"connectionString": STRING.replace("H2.test", host)}
            await links.put(host, body, if_match=None, by=OWNER)
        second, third = links.find("h2.test"), links.find("h3.test")
        assert isinstance(second, FakeHub)
        assert isinstance(third, FakeHub)
        await links.delete("h2.test", if_match=None, by=OWNER)
        await links.close()
        assert (second.is_closed, third.is_closed) == (True, True)


@looped
async def test_links_outlive_the_process() -> None:
    """LINK-4."""
    async with linking() as (links, _, life):
        await links.put("h2.test", {**LINKING, "weight": 4}, if_match=None, by=OWNER)
        async with living(before=life) as again:
            dial = Dialled()
            reopened = links_of(again, dial)
            assert reopened.weights() == {"h1.test": 1, "h2.test": 4}
            assert reopened.find("h2.test") is not None
            assert dial.reached[-1].string.key == KEY


@looped
async def test_only_who_configures_the_service_sees_and_writes_links() -> None:
    async with linking() as (links, _, _):
        with pytest.raises(Forbidden):
            await links.list_all(by=STRANGER)
        with pytest.raises(Forbidden):
            await links.get("h1.test", by=STRANGER)
        with pytest.raises(Forbidden):
            await links.put("h2.test", LINKING, if_match=None, by=STRANGER)
        with pytest.raises(Forbidden):
            await links.delete("h2.test", if_match=None, by=STRANGER)


@pytest.mark.parametrize(
    "string",
    ["nothing", "HostName=h2.test;DeviceId=d;SharedAccessKey=AAAA", STRING.replace("H2", "h3")],
)
@looped
async def test_what_links_no_hub_is_refused(string: str) -> None:
    """LINK-1."""
    async with linking() as (links, _, _):
        with pytest.raises(Invalid):
            await links.put("h2.test", {"connectionString": string}, if_match=None, by=OWNER)
        assert links.weights() == {"h1.test": 1}


@looped
async def test_what_can_never_be_dialled_is_not_linked() -> None:
    """LINK-3."""
    async with linking() as (links, dial, _):
        dial.failure = Invalid("certificate is no certificate in PEM")
        with pytest.raises(Invalid, match="PEM"):
            await links.put("h2.test", LINKING, if_match=None, by=OWNER)
        assert links.weights() == {"h1.test": 1}


@looped
async def test_a_hub_is_linked_once_and_there_are_so_many() -> None:
    """LINK-5."""
    async with linking() as (links, _, _):
        for number in range(2, MAX_LINKS + 1):
            body: Any = {"connectionString": STRING.replace("H2", f"h{number}")}
            await links.put(f"h{number}.test", body, if_match=None, by=OWNER)
        with pytest.raises(HubLinked):
            await links.put("H2.test", LINKING, if_match=None, by=OWNER)
        with pytest.raises(TooManyHubs, match=f"{MAX_LINKS} of {MAX_LINKS}"):
            await links.put("h0.test", LINKING, if_match=None, by=OWNER)
        with pytest.raises(HubNotFound, match=r"h0\.test"):
            await links.put("h0.test", LINKING, if_match=ANY, by=OWNER)


@looped
async def test_linking_stands_in_the_audit_log() -> None:
    async with linking() as (links, _, life):
        await links.put("h2.test", LINKING, if_match=None, by=OWNER)
        await links.delete("h2.test", if_match=None, by=OWNER)
        kept = [bytes(body) for _, body in life.store.read(Table.AUDIT)]
        told = b"".join(kept)
        assert b"link.create" in told
        assert b"link.delete" in told
        assert KEY.encode() not in told
