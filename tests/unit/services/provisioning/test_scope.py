"""The id scope is made once."""

from affinage.services.provisioning.scope import open_scope
from fakes.life import living
from fakes.looped import looped


@looped
async def test_it_is_made_at_the_first_start_and_stays() -> None:
    """PROV-60"""
    async with living() as life:
        made = await open_scope(life.fleet, life.ids)
    async with living(life) as again:
        assert await open_scope(again.fleet, again.ids) == made
    assert (made[:3], len(made)) == ("0ne", 11)
