"""Who is let in by which enrollment, and who is not, in which words."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from affinage.domain.errors import Disabled, Unauthorized
from affinage.services.provisioning import evidence
from affinage.services.provisioning.arrivals import Arrival, TpmKeys
from affinage.services.provisioning.evidence import Evidence
from fakes.clock import START
from fakes.looped import looped
from fakes.pki import Made, authority, leaf
from fakes.provisioned import KEY, OTHER_KEY, Believed, Provisioned, provisioned


def signing(*made: Made) -> dict[str, Any]:
    return _certificates("signingCertificates", made)


def client(*made: Made) -> dict[str, Any]:
    return _certificates("clientCertificates", made)


def _certificates(kind: str, made: tuple[Made, ...]) -> dict[str, Any]:
    places = zip(("primary", "secondary"), made, strict=False)
    entries = {place: {"certificate": one.pem} for place, one in places}
    return {"attestation": {"type": "x509", "x509": {kind: entries}}}


def shown(given: Provisioned, name: str, *chain: Made) -> Arrival:
    return given.arrival(name, None, chain=[one.der for one in chain])


def admitted(given: Provisioned, arrival: Arrival) -> str:
    """The enrollment by which a device comes in."""
    found = given.services.registrations.evidence.admit(arrival, given.scope)
    return found.enrollment.key


def is_refused(given: Provisioned, arrival: Arrival, why: str = "") -> bool:
    """The reason is for the log; on the wire all are told the same."""
    with pytest.raises(Unauthorized) as refused:
        admitted(given, arrival)
    assert type(refused.value) is Unauthorized
    return why in str(refused.value)


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
@looped
async def test_either_key_of_an_enrollment_lets_in(key: str) -> None:
    """PROV-14"""
    async with provisioned() as given:
        await given.enroll("dev1")
        assert admitted(given, given.arrival("DEV1", key)) == "dev1"


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
@looped
async def test_a_key_derived_from_either_of_a_group_lets_in(key: str) -> None:
    """PROV-15"""
    async with provisioned() as given:
        await given.group("barn", attestation={"type": "symmetricKey"})
        await given.group("cave")
        assert admitted(given, given.member("Dev1", key)) == "group/cave"
        assert is_refused(given, given.arrival("dev1", key))


@looped
async def test_why_a_stranger_is_refused_is_known_to_the_log() -> None:
    """PROV-14, PROV-47"""
    async with provisioned() as given:
        await given.enroll("dev1")
        arrival = given.arrival("dev1")
        assert is_refused(given, replace(arrival, id_scope="0neOTHER"), "not '0neOTHER'")
        assert is_refused(given, replace(arrival, registration_id="a b"), "cannot be the id")
        strange = f"{arrival.token}&skn=iothubowner"
        assert is_refused(given, replace(arrival, token=strange), "names a policy")
        assert is_refused(given, replace(arrival, token=None), "neither the token nor")
        assert is_refused(given, given.arrival("dev2"), "signature is not")
        assert is_refused(given, given.arrival("dev2", None), "neither the token nor")
        assert is_refused(given, given.arrival("dev1", "AAAAAAAAAAAAAAAAAAAAAA=="), "signature")
        assert admitted(given, replace(arrival, token=f"{arrival.token}&skn=registration"))


@looped
async def test_an_individual_enrollment_decides_alone() -> None:
    """PROV-13, PROV-19"""
    async with provisioned() as given:
        await given.group("cave")
        await given.enroll("dev1", provisioningStatus="disabled")
        assert is_refused(given, given.member("dev1"))
        with pytest.raises(Disabled):
            admitted(given, given.arrival("dev1"))
        await given.services.enrollments.delete(
            "dev1", is_group=False, if_match=None, by=given.owner
        )
        assert admitted(given, given.member("dev1")) == "group/cave"


@looped
async def test_a_certificate_that_is_enrolled_lets_in_while_it_is_valid() -> None:
    """PROV-16"""
    async with provisioned() as given:
        first, second, other = leaf("dev1"), leaf("dev1"), leaf("dev1")
        await given.enroll("dev1", **client(first, second))
        assert admitted(given, shown(given, "dev1", first)) == "dev1"
        assert admitted(given, shown(given, "dev1", second)) == "dev1"
        assert is_refused(given, shown(given, "dev1", other))
        assert is_refused(given, shown(given, "dev1"))
        given.life.clock.jump(400 * 86_400)
        assert is_refused(given, shown(given, "dev1", first))


@looped
async def test_a_chain_that_proves_nothing_is_refused_and_the_log_says_why() -> None:
    """PROV-17, PROV-47"""
    async with provisioned() as given:
        root, same_name = authority("root"), authority("root")
        await given.group("all", **signing(root))
        past, later = START - timedelta(days=1), START + timedelta(days=1)
        device = leaf("dev1", root)
        for chain, why in (
            ([leaf("dev1", root, end=past)], "expired at"),
            ([leaf("dev1", root, start=later)], "is valid from"),
            ([leaf("dev1", same_name), same_name], "no authority that is known"),
            ([leaf("dev1", device), device], "no authority that is known"),
            ([leaf("dev2", root)], "another common name"),
            ([device] * 11, "a chain of 11"),
        ):
            assert is_refused(given, shown(given, "dev1", *chain), why)


@looped
async def test_a_certificate_of_a_group_is_read_once_however_many_devices_come() -> None:
    """PROV-64"""
    async with provisioned() as given:
        root = authority("root")
        await given.group("all", **signing(root))
        before = evidence._known.cache_info().misses
        for name in ("dev1", "dev2", "dev3"):
            assert admitted(given, shown(given, name, leaf(name, root))) == "group/all"
        assert evidence._known.cache_info().misses == before + 1


@looped
async def test_the_group_nearest_to_the_leaf_has_it() -> None:
    """PROV-17, PROV-18"""
    async with provisioned() as given:
        root = authority("root")
        middle = authority("middle", root)
        device = leaf("dev1", middle)
        await given.group("all", **signing(root))
        assert admitted(given, shown(given, "dev1", device, middle)) == "group/all"
        await given.group("some", **signing(middle))
        assert admitted(given, shown(given, "DEV1", device, middle)) == "group/some"
        assert is_refused(given, shown(given, "dev2", device, middle))
        assert is_refused(given, shown(given, "dev1", leaf("dev1", authority("root"))))
        await given.group("some", again=True, provisioningStatus="disabled", **signing(middle))
        with pytest.raises(Disabled):
            admitted(given, shown(given, "dev1", device, middle))


@looped
async def test_a_common_name_in_other_letters_is_another_name() -> None:
    """PROV-17: the small letter of the sign of Kelvin is a k."""
    async with provisioned() as given:
        root = authority("root")
        await given.group("all", **signing(root))
        assert admitted(given, shown(given, "kiln", leaf("Kiln", root))) == "group/all"
        assert is_refused(given, shown(given, "kiln", leaf("\u212ailn", root)))
        assert is_refused(given, shown(given, "\u212ailn", leaf("\u212ailn", root)))


@looped
async def test_a_group_may_refer_to_a_verified_authority() -> None:
    """PROV-17"""
    root = authority("root")
    believed = Believed({"plant": root.certificate})
    named = {"type": "x509", "x509": {"caReferences": {"primary": "gone", "secondary": "plant"}}}
    async with provisioned(authorities=believed) as given:
        await given.group("cave", attestation=named)
        device = leaf("dev1", root)
        assert admitted(given, shown(given, "dev1", device)) == "group/cave"
        believed.by_name.clear()
        assert is_refused(given, shown(given, "dev1", device))


class Believing:
    """Implements `TpmProofs`: writes down whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def prove(self, arrival: Arrival, enrolled: TpmKeys) -> None:
        self.asked.append(enrolled.endorsement_key)

    def wrap(self, keys: TpmKeys, secret: str) -> str:
        return secret


@looped
async def test_a_tpm_is_asked_whether_it_is_the_one() -> None:
    """PROV-6"""
    believing = Believing()
    async with provisioned() as given:
        attestation = {"type": "tpm", "tpm": {"endorsementKey": KEY}}
        await given.enroll("dev1", attestation=attestation)
        life, book = given.life, given.services.book
        evidence = Evidence(book, life.vault, life.clock, Believed(), believing)
        assert evidence.admit(given.arrival("dev1"), given.scope).registration_id == "dev1"
        assert believing.asked == [KEY]


@looped
async def test_groups_that_believe_nothing_are_passed_over() -> None:
    """PROV-15, PROV-17"""
    async with provisioned() as given:
        root = authority("root")
        await given.group("a-signed", **signing(root))
        await given.group("b-keyed")
        assert admitted(given, given.member("dev1")) == "group/b-keyed"
        assert admitted(given, shown(given, "dev1", leaf("dev1", root))) == "group/a-signed"
        assert is_refused(given, given.arrival("dev1", None, chain=[b"no certificate"]))
