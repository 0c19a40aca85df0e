"""The model that a device says it follows, from connecting to connecting."""

import pytest

from affinage.domain.errors import Unauthorized
from fakes.life import Door, Life, itself, key_of, living
from fakes.looped import looped

MODEL = "dtmi:example:Pump;1"


async def connect(life: Life, name: str = "d", model_id: str = "") -> Door:
    door = Door()
    await life.sessions.attach(key_of(name), door, clean=True, model_id=model_id, by=itself(name))
    return door


@pytest.mark.parametrize("name", ["d", "d/m"])
@looped
async def test_a_model_is_known_from_connecting_to_connecting(name: str) -> None:
    """DIGITAL-1, DIGITAL-2"""
    async with living() as life:
        await life.create("d", "d/m")
        before = life.fleet.row(key_of(name)).twin
        for model in (MODEL, MODEL, "dtmi:other;2", ""):
            await connect(life, name, model)
            twin = life.fleet.row(key_of(name)).twin
            assert twin.model_id == model
            assert (twin.etag, twin.version) == (before.etag, before.version)
        assert life.stored()["d"].twin_of(key_of(name)).model_id == ""


@looped
async def test_devices_are_found_by_their_model_and_configured_by_it() -> None:
    """DIGITAL-2"""
    async with living() as life:
        await life.create("d", "e")
        await life.configure("one", f"modelId = '{MODEL}'")
        await life.settle()
        assert await life.found(f"modelId = '{MODEL}'") == []
        await connect(life, "d", MODEL)
        assert await life.found(f"modelId = '{MODEL}'") == ["d"]
        assert (life.desired("d"), life.desired("e")) == ({"who": "one"}, {})
        await connect(life, "d")
        assert (await life.found(f"modelId = '{MODEL}'"), life.desired("d")) == ([], {})


@looped
async def test_who_names_what_is_no_model_is_not_let_in() -> None:
    """DIGITAL-1"""
    async with living() as life:
        await life.create("d")
        older = await connect(life, "d", MODEL)
        with pytest.raises(Unauthorized, match="no id of a model"):
            await connect(life, "d", "pump")
        assert (older.closed, life.fleet.row(key_of("d")).twin.model_id) == ([], MODEL)


@looped
async def test_devices_are_found_by_what_their_clients_are() -> None:
    """MQTT-59, QUERY-51"""
    async with living() as life:
        await life.create("d", "d/m", "e")
        await life.configure("one", "productInfo = 'pump/1.0'")
        await life.settle()
        for name, product in (("d", "pump/1.0"), ("d/m", "valve/2"), ("e", "")):
            door = Door()
            await life.sessions.attach(
                key_of(name), door, clean=True, product=product, by=itself(name)
            )
            await life.sessions.detach(key_of(name), door, by=itself(name))
        assert await life.found("productInfo = 'pump/1.0'") == ["d"]
        assert (life.desired("d"), life.desired("e")) == ({"who": "one"}, {})
        assert life.fleet.presence(key_of("d/m")).product == "valve/2"
