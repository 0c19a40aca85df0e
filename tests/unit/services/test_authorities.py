"""services/authorities.py: who brings an authority, who proves it, and for whom it vouches."""

import asyncio
from typing import Any

import pytest

from affinage.domain.authorities import MAX_AUTHORITIES
from affinage.domain.errors import (
    CertificateExists,
    CertificateNotFound,
    EtagMismatch,
    Forbidden,
    Invalid,
    InvalidOperation,
    Malformed,
    Missing,
    TooManyCertificates,
    Unavailable,
)
from affinage.domain.principal import Principal, Right
from affinage.ports.store import Table
from affinage.protocol.errors import ProtocolError
from fakes.believing import believe
from fakes.life import OWNER, Life, living, policy
from fakes.looped import looped
from fakes.pki import LIFE, Made, authority, leaf

ROOT = authority("Root")
PLANT = authority("Plant", ROOT)
READER, WRITER = policy(Right.REGISTRY_READ), policy(Right.REGISTRY_WRITE)


async def bring(life: Life, name: str = "cave", by: Made = ROOT) -> Any:
    return await put(life, {"certificate": by.pem}, name=name)


async def put(life: Life, body: Any, etag: str | None = None, name: str = "cave") -> Any:
    return await life.authorities.put(name, body, if_match=etag, by=OWNER)


async def challenge(life: Life, name: str = "cave") -> str:
    found = await life.authorities.challenge(name, if_match=None, by=OWNER)
    return str(found["verificationCode"])


async def prove(life: Life, proof: Made | str, etag: str | None = None) -> Any:
    text = proof if isinstance(proof, str) else proof.pem
    return await life.authorities.verify("cave", text, if_match=etag, by=OWNER)


def vouched(life: Life, *shown: Made) -> str:
    """The authority that vouches."""
    _, warrant = life.authorities.vouching([one.der for one in shown])
    return warrant.authority


@looped
async def test_one_is_brought_shown_and_deleted() -> None:
    """AUTHORITY-2, AUTHORITY-3"""
    async with living() as life:
        made = await bring(life)
        assert made == await life.authorities.get("cave", by=READER)
        assert (made["subjectName"], made["sha256Thumbprint"]) == (
            "CN=Root",
            ROOT.certificate.sha256,
        )
        assert (made["certificate"], made["isVerified"]) == (ROOT.pem, False)
        await bring(life, "annex", PLANT)
        found = await life.authorities.list_all(by=READER)
        assert [one["name"] for one in found] == ["annex", "cave"]
        await life.authorities.delete("cave", if_match=made["etag"], by=WRITER)
        with pytest.raises(CertificateNotFound, match="cave"):
            await life.authorities.get("cave", by=READER)


@looped
async def test_proof_of_possession_makes_it_vouch() -> None:
    """AUTHORITY-4, AUTHORITY-5, AUTHORITY-7"""
    async with living() as life:
        await bring(life)
        code = await challenge(life)
        assert len(code) == 48
        with pytest.raises(ProtocolError, match="no authority"):
            vouched(life, leaf("d", ROOT))
        done = await prove(life, leaf(code, ROOT))
        assert (done["isVerified"], done["verificationCode"]) == (True, None)
        assert vouched(life, leaf("d", ROOT)) == "cave"
    async with living(life) as again:
        assert vouched(again, leaf("d", ROOT)) == "cave"


@looped
async def test_what_does_not_prove_possession_changes_nothing() -> None:
    """AUTHORITY-5"""
    async with living() as life:
        await bring(life)
        with pytest.raises(InvalidOperation, match="no code"):
            await prove(life, leaf("anything", ROOT))
        code = await challenge(life)
        before = await life.authorities.get("cave", by=READER)
        refused: dict[str, Made | str] = {
            "common name": leaf("0" * 48, ROOT),
            "not signed": leaf(code, PLANT),
            "expired": leaf(code, ROOT, end=life.clock.now() - LIFE / 2),
            "no certificate": "rubbish",
            "2 certificates": leaf(code, ROOT).pem + ROOT.pem,
        }
        for why, proof in refused.items():
            with pytest.raises(Invalid, match=why):
                await prove(life, proof)
        assert await life.authorities.get("cave", by=READER) == before


@looped
async def test_another_code_uses_up_the_first() -> None:
    """AUTHORITY-4"""
    async with living() as life:
        await bring(life)
        first, second = await challenge(life), await challenge(life)
        with pytest.raises(Invalid):
            await prove(life, leaf(first, ROOT))
        assert (await prove(life, leaf(second, ROOT)))["isVerified"]


@looped
async def test_the_nearest_verified_authority_vouches() -> None:
    """AUTHORITY-7"""
    async with living() as life:
        await believe(life, "root", ROOT)
        assert vouched(life, leaf("d", PLANT), PLANT) == "root"
        await bring(life, "plant", PLANT)
        assert vouched(life, leaf("d", PLANT), PLANT) == "root"
        code = await challenge(life, "plant")
        await life.authorities.verify("plant", leaf(code, PLANT).pem, if_match=None, by=OWNER)
        assert vouched(life, leaf("d", PLANT), PLANT) == "plant"


@looped
async def test_one_that_is_revoked_vouches_no_more() -> None:
    """AUTHORITY-6, AUTHORITY-7"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await put(life, {"isVerified": False}, "*")
        with pytest.raises(ProtocolError):
            vouched(life, leaf("d", ROOT))
        code = await challenge(life)
        await prove(life, leaf(code, ROOT))
        await put(life, {"certificate": PLANT.pem}, "*")
        for by in (ROOT, PLANT):
            with pytest.raises(ProtocolError):
                vouched(life, leaf("d", by))


@looped
async def test_what_is_no_authority_is_not_taken() -> None:
    """AUTHORITY-2"""
    async with living() as life:
        old = authority("Old", end=life.clock.now() - LIFE / 2)
        refused: dict[str, Any] = {
            "no authority": leaf("d").pem,
            "expired": old.pem,
            "no certificate": "rubbish",
            "2 certificates": ROOT.pem + PLANT.pem,
        }
        for why, text in refused.items():
            with pytest.raises(Invalid, match=why):
                await put(life, {"certificate": text})
        with pytest.raises(Missing):
            await put(life, {})
        with pytest.raises(Malformed):
            await put(life, {"certificate": 7})
        assert life.keys(Table.AUTHORITIES) == []


@looped
async def test_none_is_there_twice() -> None:
    """AUTHORITY-2"""
    async with living() as life:
        await bring(life)
        for name in ("cave", "annex"):
            with pytest.raises(CertificateExists, match="cave"):
                await bring(life, name)
        await bring(life, "annex", PLANT)
        with pytest.raises(CertificateExists, match="cave"):
            await put(life, {"certificate": ROOT.pem}, "*", "annex")
        await put(life, {"certificate": ROOT.pem}, "*")


@looped
async def test_a_hub_has_twenty_five() -> None:
    """AUTHORITY-1"""
    async with living() as life:
        for n in range(MAX_AUTHORITIES):
            await bring(life, f"a{n}", authority(f"A{n}"))
        with pytest.raises(TooManyCertificates, match="25 of 25"):
            await bring(life)


@looped
async def test_of_two_writers_with_one_etag_exactly_one_wins() -> None:
    """AUTHORITY-3"""
    async with living() as life:
        etag = (await bring(life))["etag"]
        writers = [put(life, {"isVerified": False}, etag) for _ in range(2)]
        writers.append(life.authorities.challenge("cave", if_match=etag, by=OWNER))
        outcomes = await asyncio.gather(*writers, return_exceptions=True)
        assert sum(isinstance(one, EtagMismatch) for one in outcomes) == 2
        with pytest.raises(EtagMismatch):
            await life.authorities.delete("cave", if_match=etag, by=OWNER)


@looped
async def test_one_brought_again_has_another_etag() -> None:
    """AUTHORITY-3"""
    async with living() as life:
        first = await bring(life)
        await life.authorities.delete("cave", if_match=None, by=OWNER)
        assert (await bring(life))["etag"] != first["etag"]


@pytest.mark.parametrize("who", [policy(Right.SERVICE_CONNECT), READER])
@looped
async def test_who_may_not_write_the_registry_changes_none(who: Principal) -> None:
    """AUTHORITY-9"""
    async with living() as life:
        await bring(life)
        them, body = life.authorities, {"certificate": PLANT.pem}
        writes = [
            them.put("annex", {**body}, if_match=None, by=who),
            them.challenge("cave", if_match=None, by=who),
            them.verify("cave", "", if_match=None, by=who),
            them.delete("cave", if_match=None, by=who),
        ]
        for write in writes:
            with pytest.raises(Forbidden):
                await write
        assert life.keys(Table.AUTHORITIES) == ["cave"]


@looped
async def test_who_may_not_read_the_registry_sees_none() -> None:
    """AUTHORITY-9"""
    async with living() as life:
        who = policy(Right.SERVICE_CONNECT)
        for read in (life.authorities.list_all(by=who), life.authorities.get("cave", by=who)):
            with pytest.raises(Forbidden):
                await read


@looped
async def test_every_change_is_in_the_audit_log() -> None:
    """AUTHORITY-9"""
    async with living() as life:
        await life.audit.open()
        await believe(life, "cave", ROOT)
        await life.authorities.delete("cave", if_match=None, by=OWNER)
        await life.turn()
        rows = [str(body) for _, body in life.store.read(Table.AUDIT)]
        for word, times in (("certificate.create", 1), ("update", 2), ("certificate.delete", 1)):
            assert sum(word in row for row in rows) == times


@looped
async def test_what_the_disk_refuses_has_not_happened() -> None:
    async with living() as life:
        life.disk.fails = True
        with pytest.raises(Unavailable):
            await bring(life)
        life.disk.fails = False
        await bring(life)


@looped
async def test_those_that_are_believed_are_known_by_name() -> None:
    """AUTHORITY-7, AUTHORITY-10"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await bring(life, "annex", PLANT)
        assert life.authorities.verified("cave") == ROOT.certificate
        assert [life.authorities.verified(name) for name in ("annex", "nobody")] == [None, None]
        assert life.authorities.endings() == [("cave", ROOT.certificate.not_after)]
