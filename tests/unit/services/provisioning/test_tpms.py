"""Who has the TPM that an enrollment names, and who does not."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import pytest

from affinage.domain.errors import Challenged, Invalid, Unauthorized
from affinage.protocol.tokens import make_token
from affinage.services.provisioning.arrivals import Arrival, TpmKeys
from affinage.services.provisioning.tpms import PERIOD_S, Challenges
from fakes.chip import Chip
from fakes.life import Life, living
from fakes.looped import looped

CHIP: Final = Chip()
ENROLLED: Final = TpmKeys(CHIP.endorsement_key)
SHOWN: Final = TpmKeys(CHIP.endorsement_key, CHIP.storage_root_key)
COMING: Final = Arrival("0ne00ABCDEF", "Dev1", tpm=SHOWN)


@asynccontextmanager
async def challenging(before: Life | None = None) -> AsyncIterator[tuple[Challenges, Life]]:
    async with living(before) as life:
        challenges = Challenges(life.fleet, life.vault, life.clock, life.ids)
        await challenges.open()
        yield challenges, life


def challenged(challenges: Challenges, arrival: Arrival = COMING) -> bytes:
    """The key that the chip finds in its challenge."""
    with pytest.raises(Challenged) as challenge:
        challenges.prove(arrival, ENROLLED)
    return CHIP.taken_up(base64.b64decode(challenge.value.authentication_key))


def answering(key: bytes, life: Life, registration: str = "Dev1") -> Arrival:
    """The device again, with a token."""
    resource = f"0ne00ABCDEF/registrations/{registration}"
    expiry = int(life.clock.now().timestamp()) + 36_000
    token = make_token(resource, base64.b64encode(key).decode(), expiry, "registration")
    return replace(COMING, token=token)


@looped
async def test_the_chip_answers_its_challenge() -> None:
    """REGISTER-33, REGISTER-34."""
    async with challenging() as (challenges, life):
        answer = answering(challenged(challenges), life)
        challenges.prove(answer, ENROLLED)
        challenges.prove(replace(answer, tpm=None), ENROLLED)


@looped
async def test_a_challenge_outlives_the_process_but_not_its_time() -> None:
    """REGISTER-34, REGISTER-35."""
    async with challenging() as (challenges, life):
        answer = answering(challenged(challenges), life)
        async with challenging(life) as (again, _):
            again.prove(answer, ENROLLED)
            life.clock.advance(PERIOD_S)
            again.prove(answer, ENROLLED)
            life.clock.advance(PERIOD_S)
            with pytest.raises(Unauthorized):
                again.prove(answer, ENROLLED)


@looped
async def test_another_key_or_another_device_answers_in_vain() -> None:
    """REGISTER-34."""
    async with challenging() as (challenges, life):
        key = challenged(challenges)
        for wrong in (answering(b"k" * 32, life), answering(key, life, "dev2")):
            with pytest.raises(Unauthorized):
                challenges.prove(wrong, ENROLLED)
        with pytest.raises(Unauthorized):
            challenges.prove(replace(COMING, token="nonsense"), ENROLLED)
        with pytest.raises(Unauthorized):
            challenges.prove(answering(key, life), TpmKeys(Chip().endorsement_key))


@pytest.mark.parametrize(
    "shown",
    [
        None,
        TpmKeys(Chip().endorsement_key, CHIP.storage_root_key),
        TpmKeys(CHIP.endorsement_key),
        TpmKeys(CHIP.endorsement_key, "AAAA"),
    ],
)
@looped
async def test_who_is_not_that_chip_is_not_challenged(shown: TpmKeys | None) -> None:
    """REGISTER-35, REGISTER-37."""
    async with challenging() as (challenges, _):
        with pytest.raises(Unauthorized) as refused:
            challenges.prove(replace(COMING, tpm=shown), ENROLLED)
        assert not isinstance(refused.value, Challenged)


@looped
async def test_a_key_is_wrapped_for_the_chip_alone() -> None:
    """REGISTER-36, REGISTER-37."""
    async with challenging() as (challenges, _):
        secret = base64.b64encode(b"k" * 32).decode()
        assert CHIP.taken_up(base64.b64decode(challenges.wrap(SHOWN, secret))) == b"k" * 32
        with pytest.raises(Invalid, match="tpm"):
            challenges.wrap(ENROLLED, secret)
