"""What the author of a configuration that the hub took should know of it."""

from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.configuration import create as as_configuration
from affinage.domain.configuration import warnings
from affinage.domain.flaps import MAX_FLIPS
from affinage.domain.values import JsonObject


async def warnings_of(hub: ServiceClient, rule: JsonObject) -> list[str]:
    """As the hub tells them; of one without a door for that, what the configuration itself tells.

    Source: CONFIGURATION-23, CONFIGURATION-40.
    """
    name = str(rule["id"])
    try:
        told = (await NativeClient(hub).get_configuration(name))["warnings"]
    except ServiceError:
        circles = warnings(as_configuration(name, rule, generation=1, at=0))
        ending = f"a twin that comes and goes {MAX_FLIPS} times in an hour is frozen"
        return [f"{text}; {ending}" for text in circles]
    return [str(one) for one in told] if isinstance(told, list) else []
