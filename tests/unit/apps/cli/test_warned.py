"""What the author of a configuration is told, by the hub or without it."""

from affinage.apps.cli.warned import warnings_of
from affinage.clients.service import ServiceClient
from affinage.clients.trust import trust
from affinage.domain.values import JsonObject
from affinage.protocol.connection_strings import ConnectionString
from fakes.authority import HOST, authority
from fakes.https_server import playback
from fakes.looped import looped

OWNER = ConnectionString(HOST, policy="iothubowner", key="c2l4dGVlbiBieXRlcyBvciBtb3JlIG9m")
RULE: JsonObject = {
    "id": "fan",
    "targetCondition": "properties.reported.fan = 1",
    "content": {"deviceContent": {"properties.desired.fan": 1}},
}


async def told(answer: object, status: int = 200) -> list[str]:
    context = trust(authority().ca_file)
    async with (
        playback() as server,
        ServiceClient(
            OWNER, context=context, clock=lambda: 1000.0, port=server.port, address="127.0.0.1"
        ) as hub,
    ):
        server.play(answer, status=status)
        return await warnings_of(hub, RULE)


@looped
async def test_the_hubs_word_is_taken() -> None:
    """CONFIGURATION-40"""
    assert await told({"id": "fan", "warnings": ["it is outranked"]}) == ["it is outranked"]
    assert await told({"id": "fan", "warnings": None}) == []


@looped
async def test_of_a_hub_without_a_word_for_it_the_configuration_speaks_for_itself() -> None:
    """CONFIGURATION-23"""
    (text,) = await told({"title": "Not found"}, 404)
    assert text.startswith("the condition of fan reads properties.reported.fan")
    assert text.endswith("3 times in an hour is frozen")
