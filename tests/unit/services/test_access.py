"""Who comes in: what is proof, of what, for how long, and what a refusal tells."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from affinage.domain.errors import Disabled, Forbidden, NotFound, Unauthorized
from affinage.domain.policy import ALL_RIGHTS, PROVISIONING_RIGHTS, Policy
from affinage.domain.principal import Kind, Right
from affinage.domain.values import JsonObject
from affinage.ports.store import Row, Table
from affinage.protocol.tokens import GRACE_S, make_token
from affinage.services.access import Proof
from affinage.services.fleet import codec
from fakes.believing import believe, known_by_authority
from fakes.life import HOSTS, OWNER, Life, key_of, living
from fakes.looped import looped
from fakes.pki import authority, leaf

HOST = HOSTS[0]
LIFE_S = 3600
READ_WRITE = Right.REGISTRY_READ | Right.REGISTRY_WRITE
CERTIFICATE = b"the leaf, in DER"
ROOT = authority("Root")
PLANT = authority("Plant", ROOT)


def expiry(life: Life, seconds: float = LIFE_S) -> int:
    return int(life.clock.now().timestamp() + seconds)


def signed(life: Life, policy: str, resource: str = HOST, *, key: int = 0) -> str:
    """A policy's token, signed with its primary or its secondary key."""
    return make_token(resource, life.access.keys(policy)[key], expiry(life), policy)


async def own(life: Life, name: str, *, key: str = "primaryKey", resource: str = "") -> str:
    """An identity's token."""
    shown: Any = await life.registry.get(key_of(name), by=OWNER)
    secret = shown["authentication"]["symmetricKey"][key]
    at = f"{HOST}/devices/{name.replace('/', '/modules/')}"
    return make_token(resource or at, secret, expiry(life))


def enter(life: Life, name: str, token: str | None, *, host: str = HOST, **more: Any) -> Proof:
    return life.access.device(key_of(name), host, token, request_id="7", **more)


async def thumbprinted(life: Life, name: str, first: str, second: str | None = None) -> None:
    thumbprints: JsonObject = {"primaryThumbprint": first, "secondaryThumbprint": second}
    body: JsonObject = {"authentication": {"type": "selfSigned", "x509Thumbprint": thumbprints}}
    await life.registry.create(key_of(name), body, by=OWNER)


@looped
async def test_a_new_hub_has_six_policies_with_two_keys_each() -> None:
    """ACCESS-1"""
    async with living() as life:
        names = [
            "iothubowner",
            "service",
            "device",
            "registryRead",
            "registryReadWrite",
            "provisioningserviceowner",
        ]
        assert sorted(life.keys(Table.POLICIES)) == sorted(names)
        assert len({key for name in names for key in life.access.keys(name)}) == 12


@pytest.mark.parametrize(
    ("policy", "rights"),
    [
        ("iothubowner", ALL_RIGHTS),
        ("service", Right.SERVICE_CONNECT),
        ("device", Right.DEVICE_CONNECT),
        ("registryRead", Right.REGISTRY_READ),
        ("registryReadWrite", READ_WRITE),
        ("provisioningserviceowner", PROVISIONING_RIGHTS),
    ],
)
@looped
async def test_a_policy_gives_its_rights(policy: str, rights: Right) -> None:
    """ACCESS-1, ACCESS-2"""
    async with living() as life:
        found = life.access.service(signed(life, policy), "devices/d", request_id="7")
        assert (found.kind, found.name, found.rights) == (Kind.POLICY, policy, rights)
        assert (found.door, found.request_id, found.scope) == ("https", "7", None)


@looped
async def test_policies_and_their_keys_outlive_the_process() -> None:
    async with living() as life:
        keys = life.access.keys("service")
    async with living(life) as again:
        assert again.access.keys("service") == keys
        assert len(again.keys(Table.POLICIES)) == 6


@looped
async def test_keys_of_an_unknown_policy_are_not_found() -> None:
    async with living() as life:
        with pytest.raises(NotFound, match="no policy nobody: there are device, iothubowner"):
            life.access.keys("nobody")


@looped
async def test_either_key_of_a_policy_is_proof_under_every_name_of_the_hub() -> None:
    """ACCESS-2"""
    async with living() as life:
        for host in HOSTS:
            for key in (0, 1):
                token = signed(life, "service", host, key=key)
                assert life.access.service(token, "devices/d", request_id="7").name == "service"


@looped
async def test_no_token_a_malformed_one_and_an_unknown_policy_are_refused() -> None:
    """ACCESS-2, ACCESS-8"""
    async with living() as life:
        key, _ = life.access.keys("service")
        unnamed = make_token(HOST, key, expiry(life))
        unknown = make_token(HOST, key, expiry(life), "nobody")
        for authorization in (None, "", "Bearer x", unnamed, unknown):
            with pytest.raises(Unauthorized) as refused:
                life.access.service(authorization, "devices", request_id="7")
            assert key not in str(refused.value)
            assert "sig" not in str(refused.value)


@looped
async def test_another_key_another_host_and_another_path_are_refused() -> None:
    """ACCESS-2, ACCESS-8"""
    async with living() as life:
        key, other = life.access.keys("service")[0], life.access.keys("device")[0]
        wrong = make_token(HOST, other, expiry(life), "service")
        elsewhere = make_token("other.test", key, expiry(life), "service")
        narrow = make_token(f"{HOST}/devices/e", key, expiry(life), "service")
        for token in (wrong, elsewhere, narrow):
            with pytest.raises(Unauthorized) as refused:
                life.access.service(token, "devices/d", request_id="7")
            assert not isinstance(refused.value, Forbidden)
            assert key not in str(refused.value)


@looped
async def test_a_token_lasts_five_minutes_longer_than_it_says() -> None:
    """ACCESS-2, TOKEN-8"""
    async with living() as life:
        token = signed(life, "service")
        life.clock.advance(LIFE_S + GRACE_S)
        life.access.service(token, "devices", request_id="7")
        life.clock.advance(1)
        with pytest.raises(Unauthorized, match="expired 301 s ago"):
            life.access.service(token, "devices", request_id="7")


@looped
async def test_a_device_comes_in_with_either_of_its_keys() -> None:
    """ACCESS-3"""
    async with living() as life:
        await life.create("d", "d/m")
        for name in ("d", "d/m"):
            for key in ("primaryKey", "secondaryKey"):
                proof = enter(life, name, await own(life, name, key=key))
                by = proof.principal
                assert (by.kind, by.name, by.scope) == (Kind.DEVICE, name, key_of(name))
                assert (by.rights, proof.expires_at_s) == (Right.DEVICE_CONNECT, expiry(life))


@looped
async def test_keys_are_rotated_by_way_of_the_secondary() -> None:
    """ACCESS-3"""
    async with living() as life:
        await life.create("d")
        shown: Any = await life.registry.get(key_of("d"), by=OWNER)
        first, second = shown["authentication"]["symmetricKey"].values()
        old, kept = [make_token(f"{HOST}/devices/d", key, expiry(life)) for key in (first, second)]
        keys: JsonObject = {"primaryKey": "bmV3IGtleSBvZiBzaXh0ZWVu", "secondaryKey": second}
        body: JsonObject = {"authentication": {"symmetricKey": keys}}
        await life.registry.put(key_of("d"), body, if_match="*", by=OWNER)
        enter(life, "d", kept)
        with pytest.raises(Unauthorized):
            enter(life, "d", old)


@looped
async def test_a_device_comes_in_under_every_name_of_the_hub_in_any_case() -> None:
    async with living() as life:
        await life.create("d")
        token = await own(life, "d")
        enter(life, "d", token, host=HOST.upper())
        enter(life, "d", token, host=HOSTS[1])
        with pytest.raises(Unauthorized, match=r"this hub is not 'other\.test'"):
            enter(life, "d", token, host="other.test")


@looped
async def test_a_policy_with_device_connect_opens_every_device() -> None:
    """ACCESS-3"""
    async with living() as life:
        await life.create("d", "d/m")
        for name in ("d", "d/m"):
            proof = enter(life, name, signed(life, "device"))
            assert (proof.principal.scope, proof.principal.rights) == (
                key_of(name),
                Right.DEVICE_CONNECT,
            )


@pytest.mark.parametrize("policy", ["service", "registryRead", "registryReadWrite"])
@looped
async def test_a_policy_without_it_opens_none(policy: str) -> None:
    """ACCESS-3"""
    async with living() as life:
        await life.create("d")
        with pytest.raises(Unauthorized, match=f"policy {policy} may not connect devices"):
            enter(life, "d", signed(life, policy))


@looped
async def test_the_keys_of_another_identity_are_no_proof() -> None:
    """ACCESS-3, ACCESS-6"""
    async with living() as life:
        await life.create("d", "d/m", "e")
        for name, other in ("d", "e"), ("d", "d/m"), ("d/m", "d"):
            with pytest.raises(Unauthorized):
                enter(life, name, await own(life, other, resource=HOST))
        with pytest.raises(Unauthorized):
            enter(life, "d", await own(life, "d", resource=f"{HOST}/devices/e"))


@looped
async def test_a_stranger_is_refused_alike_whether_the_device_exists_or_not() -> None:
    """ACCESS-3, ACCESS-8"""
    async with living() as life:
        await life.create("d")
        token = make_token(HOST, "bm9ib2R5IGtub3dzIHRoaXMga2V5", expiry(life))
        for name in ("d", "d/m", "nobody", "nobody/m"):
            for proof in (token, None, "", "password"):
                with pytest.raises(Unauthorized) as refused:
                    enter(life, name, proof)
                assert type(refused.value) is Unauthorized
                assert not proof or proof not in str(refused.value)


@looped
async def test_a_disabled_device_and_its_modules_are_refused_once_they_are_known() -> None:
    """ACCESS-3"""
    async with living() as life:
        await life.create("d", "d/m")
        await life.registry.put(key_of("d"), {"status": "disabled"}, if_match="*", by=OWNER)
        for name in ("d", "d/m"):
            with pytest.raises(Disabled, match="device d is disabled"):
                enter(life, name, await own(life, name))
        with pytest.raises(Unauthorized) as stranger:
            enter(life, "d", None)
        assert not isinstance(stranger.value, Disabled)


@pytest.mark.parametrize("digest", [hashlib.sha1, hashlib.sha256])
@looped
async def test_a_certificate_whose_thumbprint_is_known_is_proof(digest: Any) -> None:
    """ACCESS-3, ACCESS-10"""
    async with living() as life:
        known = digest(CERTIFICATE).hexdigest()
        await thumbprinted(life, "d", known.upper())
        await thumbprinted(life, "e", "0" * 40, known)
        for name in ("d", "e"):
            found = enter(life, name, None, chain=[CERTIFICATE, b"its issuer"], door="https")
            assert (found.expires_at_s, found.principal.door) == (None, "https")


@looped
async def test_another_certificate_or_none_is_not() -> None:
    """ACCESS-3"""
    async with living() as life:
        await thumbprinted(life, "d", hashlib.sha256(CERTIFICATE).hexdigest())
        with pytest.raises(Unauthorized, match="not the one that is known"):
            enter(life, "d", None, chain=[b"another"])
        with pytest.raises(Unauthorized, match="neither a token nor a certificate"):
            enter(life, "d", "")
        anybodys = make_token(HOST, "bm9ib2R5IGtub3dzIHRoaXMga2V5", expiry(life))
        with pytest.raises(Unauthorized):
            enter(life, "d", anybodys)


@looped
async def test_who_is_known_by_a_certificate_and_shows_none_comes_in_by_a_policy_alone() -> None:
    """ACCESS-12"""
    async with living() as life:
        await known_by_authority(life, "d")
        token = make_token(HOST, "bm9ib2R5IGtub3dzIHRoaXMga2V5", expiry(life))
        for proof in (None, "", token):
            with pytest.raises(Unauthorized):
                enter(life, "d", proof)
        assert enter(life, "d", signed(life, "device")).principal.warrant is None


@looped
async def test_an_identity_without_credentials_does_not_come_in() -> None:
    """ACCESS-13"""
    async with living() as life:
        await life.registry.create(key_of("d"), {"authentication": {"type": "none"}}, by=OWNER)
        for token in (None, signed(life, "device")):
            with pytest.raises(Unauthorized, match="whatever it shows"):
                enter(life, "d", token, chain=[leaf("d", ROOT).der])


@looped
async def test_a_certificate_that_an_authority_signed_is_proof() -> None:
    """ACCESS-11"""
    async with living() as life:
        thumbprint = await believe(life, "cave", ROOT)
        for name in ("d", "d/m"):
            await known_by_authority(life, name)
            shown = leaf(name, PLANT, end=life.clock.now() + timedelta(hours=1))
            found = enter(life, name, None, chain=[shown.der, PLANT.der])
            assert found.principal.warrant == ("cave", thumbprint)
            assert found.expires_at_s == expiry(life)


@looped
async def test_a_certificate_must_be_of_the_identitys_name_valid_and_of_a_verified_authority() -> (
    None
):
    """ACCESS-11"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await known_by_authority(life, "d")
        await known_by_authority(life, "d/m")
        expired = leaf("d", ROOT, end=life.clock.now() - timedelta(seconds=1))
        refused = {
            "another common name": [leaf("D", ROOT).der],
            "no authority": [leaf("d").der],
            "expired": [expired.der],
            "cannot be read": [b"rubbish"],
        }
        for why, chain in refused.items():
            with pytest.raises(Unauthorized, match=why):
                enter(life, "d", None, chain=chain)
        with pytest.raises(Unauthorized, match="another common name"):
            enter(life, "d/m", None, chain=[leaf("d", ROOT).der])


@looped
async def test_an_authority_that_is_not_proven_vouches_for_nobody() -> None:
    """ACCESS-11, AUTHORITY-7"""
    async with living() as life:
        await life.authorities.put("cave", {"certificate": ROOT.pem}, if_match=None, by=OWNER)
        await known_by_authority(life, "d")
        with pytest.raises(Unauthorized, match="no authority"):
            enter(life, "d", None, chain=[leaf("d", ROOT).der])


@looped
async def test_of_a_certificate_and_a_token_the_identitys_kind_decides() -> None:
    """ACCESS-12"""
    async with living() as life:
        await believe(life, "cave", ROOT)
        await known_by_authority(life, "a")
        await thumbprinted(life, "t", hashlib.sha256(CERTIFICATE).hexdigest())
        await life.create("s")
        token = signed(life, "device")
        assert enter(life, "a", "rubbish", chain=[leaf("a", ROOT).der]).principal.warrant
        assert enter(life, "t", "rubbish", chain=[CERTIFICATE]).expires_at_s is None
        assert enter(life, "s", token, chain=[CERTIFICATE]).principal.voucher
        for name in ("a", "t"):
            with pytest.raises(Unauthorized):
                enter(life, name, token, chain=[leaf(name).der])


@looped
async def test_a_certificate_is_no_proof_for_who_has_keys() -> None:
    async with living() as life:
        await life.create("d")
        with pytest.raises(Unauthorized):
            enter(life, "d", None, chain=[CERTIFICATE])


@looped
async def test_a_policy_is_kept_sealed() -> None:
    async with living() as life:
        rows = dict(life.store.read(Table.POLICIES))
        policy = codec.decode(rows["service"], Policy)
        assert life.vault.open(policy.primary_key).decode() == life.access.keys("service")[0]
        assert policy.primary_key.startswith(b"sealed ")


@looped
async def test_a_hub_with_policies_of_its_own_is_given_no_others() -> None:
    before = Life()
    mine = Policy("mine", Right.SERVICE_CONNECT.value, b"sealed YQ==", b"sealed Yg==")
    await before.store.commit([Row(Table.POLICIES, "mine", codec.encode(mine))])
    async with living(before) as life:
        assert life.access.keys("mine") == ("YQ==", "Yg==")
        assert life.keys(Table.POLICIES) == ["mine"]
