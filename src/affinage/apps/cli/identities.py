"""What commands on devices and modules share: how identities are written, and what they show.

Identities are created in bulk requests, even a single one: there it gets its tags in the same
commit. Keys are shown only to who asks for them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from affinage.apps.cli.assignments import read_text
from affinage.apps.cli.output import member
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain.values import JsonObject, JsonValue, is_object
from affinage.frontends.http.problems import CODES

HIDDEN: Final = "hidden, see --show-keys"

_NAMES: Final = {code.number: code.name for code in CODES.values()}


async def write(hub: ServiceClient, entries: Sequence[JsonObject]) -> list[ServiceError]:
    """Send up to MAX_BULK entries; gives the refusals, everything else has taken effect."""
    result = await hub.bulk(entries)
    errors = result.get("errors")
    return [refusal(error) for error in errors] if isinstance(errors, list) else []


async def write_one(hub: ServiceClient, entry: JsonObject) -> None:
    """Send one entry; ServiceError if it is refused."""
    for refused in await write(hub, [entry]):
        raise refused


def authentication(
    keys: Path | None = None,
    thumbprints: Sequence[str] | None = None,
    *,
    new_keys: bool = False,
    by_authority: bool = False,
) -> JsonObject | None:
    """How an identity shall prove itself; None where nothing is said about it.

    Raises:
        BadParameter: more than one way is named, or the file has not two lines.
    """
    if sum(map(bool, (keys, thumbprints, new_keys, by_authority))) > 1:
        raise typer.BadParameter("name one of --keys, --thumbprint, --by-authority and --new-keys")
    if by_authority:
        return {"type": "certificateAuthority"}
    if keys is not None:
        primary, secondary = key_lines(keys)
        return _symmetric(primary, secondary)
    if thumbprints:
        return _by_certificate(thumbprints)
    return _symmetric(None, None) if new_keys else None


def shown(document: JsonObject, *, show_keys: bool) -> JsonObject:
    """The identity, without its keys unless they are asked for."""
    means = document.get("authentication")
    keys = member(means, "symmetricKey")
    if show_keys or not is_object(means) or not is_object(keys):
        return document
    hidden: JsonObject = {name: value and HIDDEN for name, value in keys.items()}
    return {**document, "authentication": {**means, "symmetricKey": hidden}}


def _symmetric(primary: str | None, secondary: str | None) -> JsonObject:
    return {"type": "sas", "symmetricKey": {"primaryKey": primary, "secondaryKey": secondary}}


def _by_certificate(thumbprints: Sequence[str]) -> JsonObject:
    if len(thumbprints) > len(_PRINTS):
        raise typer.BadParameter("there are at most two", param_hint="--thumbprint")
    named: JsonObject = dict(zip(_PRINTS, thumbprints, strict=False))
    return {"type": "selfSigned", "x509Thumbprint": named}


_PRINTS: Final = ("primaryThumbprint", "secondaryThumbprint")


def key_lines(keys: Path) -> tuple[str, str]:
    """The two keys of a file; BadParameter if it has not two lines."""
    lines = read_text(keys, "--keys").split()
    match lines:
        case [primary, secondary]:
            return primary, secondary
        case _:
            raise typer.BadParameter(
                f"{keys} holds {len(lines)} of 2 keys, each in a line", param_hint="--keys"
            )


def refusal(error: JsonValue) -> ServiceError:
    """What the hub says of one entry, as if it had been all of the request."""
    number = member(error, "errorCode")
    number = number if isinstance(number, int) else 400000
    name = _NAMES.get(number, str(number))
    return ServiceError(number // 1000, name, str(member(error, "errorStatus")))
