"""Whom a connection was proven with, and that it ends when that is worth nothing any more."""

import hashlib
from typing import Any

import pytest

from affinage.domain.errors import Unauthorized
from affinage.domain.identity import Which
from affinage.domain.principal import Principal
from affinage.protocol.tokens import make_token
from fakes.believing import believe, known_by_authority
from fakes.life import HOSTS, OWNER, Door, Life, key_of, living
from fakes.looped import looped
from fakes.pki import Made, authority, leaf

PRIMARY, SECONDARY = "primaryKey", "secondaryKey"
ROOT, ANNEX, OTHER = (authority(name) for name in ("Root", "Annex", "Other"))
ROOTS = {"d": "devices/d", "d/m": "devices/d/modules/m"}


async def keys(life: Life, name: str) -> dict[str, str]:
    shown: Any = await life.registry.get(key_of(name), by=OWNER)
    found: dict[str, str] = shown["authentication"]["symmetricKey"]
    return found


def proven(life: Life, name: str, key: str, policy: str | None = None) -> Principal:
    """The identity, by a token that was signed with that key."""
    expiry = int(life.clock.now().timestamp()) + 600
    token = make_token(f"{HOSTS[0]}/{ROOTS[name]}", key, expiry, policy)
    return life.access.device(key_of(name), HOSTS[0], token, request_id="1").principal


async def connected(life: Life, name: str, by: Principal) -> Door:
    door = Door()
    await life.sessions.attach(key_of(name), door, clean=True, by=by)
    return door


async def put(life: Life, name: str, **body: Any) -> None:
    await life.registry.put(key_of(name), body, if_match="*", by=OWNER)


@pytest.mark.parametrize("name", ["d", "d/m"])
@pytest.mark.parametrize("used", [PRIMARY, SECONDARY])
@pytest.mark.parametrize("which", Which)
@looped
async def test_a_connection_ends_with_the_key_that_it_was_proven_with(
    name: str, used: str, which: Which
) -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d", "d/m")
        door = await connected(life, name, proven(life, name, (await keys(life, name))[used]))
        await life.keys_anew.rotate(which, [key_of(name)], by=OWNER)
        assert bool(door.closed) == (which in {used, "both"})


@looped
async def test_others_keys_are_nobodys_business() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d", "d/m")
        door = await connected(life, "d", proven(life, "d", (await keys(life, "d"))[PRIMARY]))
        await life.keys_anew.rotate(Which.BOTH, [key_of("d/m")], by=OWNER)
        assert door.closed == []


@looped
async def test_who_a_policy_vouches_for_stays() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d")
        primary, _ = life.access.keys("device")
        door = await connected(life, "d", proven(life, "d", primary, "device"))
        await life.keys_anew.rotate(Which.BOTH, [key_of("d")], by=OWNER)
        assert door.closed == []


@looped
async def test_keys_that_are_sent_again_stay_what_they_are() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d")
        own = await keys(life, "d")
        door = await connected(life, "d", proven(life, "d", own[PRIMARY]))
        swapped = {PRIMARY: own[SECONDARY], SECONDARY: own[PRIMARY]}
        for sent in (own, swapped):
            await put(life, "d", authentication={"symmetricKey": sent}, statusReason="seen")
            assert (await keys(life, "d"), door.closed) == (sent, [])
        await put(life, "d", authentication={"symmetricKey": {PRIMARY: "", SECONDARY: ""}})
        assert door.closed == ["the key or certificate that it came in by was replaced"]


@looped
async def test_a_connection_ends_when_the_identity_proves_itself_otherwise() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d")
        door = await connected(life, "d", proven(life, "d", (await keys(life, "d"))[PRIMARY]))
        await put(life, "d", authentication={"type": "certificateAuthority"})
        assert door.closed


@looped
async def test_who_is_too_late_with_its_old_key_is_not_let_in() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await life.create("d")
        by = proven(life, "d", (await keys(life, "d"))[PRIMARY])
        await life.keys_anew.rotate(Which.PRIMARY, [key_of("d")], by=OWNER)
        with pytest.raises(Unauthorized, match="was replaced"):
            await connected(life, "d", by)


@looped
async def test_a_connection_ends_with_the_certificate_that_it_was_proven_with() -> None:
    """IDENTITY-31"""
    certificate, other = b"one", b"another"
    prints = {name: fingerprint(it) for name, it in (("primary", certificate), ("other", other))}
    async with living() as life:
        first = {"primaryThumbprint": prints["primary"].upper()}
        both = {"primaryThumbprint": prints["other"], "secondaryThumbprint": prints["primary"]}
        last = {"primaryThumbprint": prints["other"]}
        body: Any = {"authentication": {"type": "selfSigned", "x509Thumbprint": first}}
        await life.registry.put(key_of("d"), body, if_match=None, by=OWNER)
        by = life.access.device(
            key_of("d"), HOSTS[0], None, chain=[certificate], request_id="1"
        ).principal
        door = await connected(life, "d", by)
        await put(life, "d", authentication={"type": "selfSigned", "x509Thumbprint": both})
        assert door.closed == []
        await put(life, "d", authentication={"type": "selfSigned", "x509Thumbprint": last})
        assert door.closed


def fingerprint(certificate: bytes) -> str:
    return hashlib.sha256(certificate).hexdigest()


@looped
async def test_a_connection_ends_with_the_policy_that_vouched_for_it() -> None:
    """POLICY-9"""
    async with living() as life:
        await life.create("d", "d/m")
        primary, _ = life.access.keys("device")
        door = await connected(life, "d", proven(life, "d", primary, "device"))
        own = (await keys(life, "d/m"))[PRIMARY]
        other = await connected(life, "d/m", proven(life, "d/m", own))
        await life.access.policies.delete("device", if_match=None, by=OWNER)
        assert (len(door.closed), other.closed) == (1, [])


async def warranted(life: Life, name: str, shown: Made) -> Door:
    """The connection of an identity that an authority let in."""
    host, chain = HOSTS[0], [shown.der]
    proof = life.access.device(key_of(name), host, None, chain=chain, request_id="1")
    return await connected(life, name, proof.principal)


@pytest.mark.parametrize("body", [None, {"isVerified": False}, {"certificate": OTHER.pem}])
@looped
async def test_a_connection_ends_with_the_authority_that_vouched_for_it(body: Any) -> None:
    """AUTHORITY-8"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await believe(life, "annex", ANNEX)
        await known_by_authority(life, "d", "d/m", "e")
        doors = [await warranted(life, name, leaf(name, ROOT)) for name in ("d", "d/m")]
        other = await warranted(life, "e", leaf("e", ANNEX))
        if body is None:
            await life.authorities.delete("cave", if_match=None, by=OWNER)
        else:
            await life.authorities.put("cave", body, if_match="*", by=OWNER)
        assert ([len(door.closed) for door in doors], other.closed) == ([1, 1], [])


@looped
async def test_a_connection_outlives_what_changes_nothing_of_its_authority() -> None:
    """AUTHORITY-4, AUTHORITY-8"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await known_by_authority(life, "d")
        door = await warranted(life, "d", leaf("d", ROOT))
        await life.authorities.challenge("cave", if_match=None, by=OWNER)
        await life.authorities.put("cave", {"certificate": ROOT.pem}, if_match="*", by=OWNER)
        await put(life, "d", statusReason="seen")
        assert door.closed == []


@looped
async def test_a_connection_ends_when_an_identity_is_no_more_known_by_an_authority() -> None:
    """IDENTITY-31"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await known_by_authority(life, "d")
        door = await warranted(life, "d", leaf("d", ROOT))
        await put(life, "d", authentication={"type": "none"})
        assert door.closed == ["the key or certificate that it came in by was replaced"]


@looped
async def test_who_has_another_connection_by_a_key_outlives_the_authority() -> None:
    """AUTHORITY-8"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await known_by_authority(life, "d")
        await warranted(life, "d", leaf("d", ROOT))
        primary, _ = life.access.keys("device")
        door = await connected(life, "d", proven(life, "d", primary, "device"))
        await life.authorities.delete("cave", if_match=None, by=OWNER)
        assert door.closed == []
