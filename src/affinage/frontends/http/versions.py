"""`api-version`: required, and of no consequence, since every version behaves like the newest."""

import re
from datetime import date
from typing import Final

from starlette.requests import Request

from affinage.domain.errors import UnknownApiVersion
from affinage.frontends.http.openapi import Parameter

FIRST: Final = date(2016, 2, 3)

_FORM: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(-preview)?")


def check_api_version(request: Request) -> None:
    """Raise UnknownApiVersion unless the request names a date from FIRST on.

    Source: SERVICE-6.
    """
    given = request.query_params.get("api-version", "")
    found = _FORM.fullmatch(given)
    try:
        if found and date.fromisoformat(found[1]) >= FIRST:
            return
    except ValueError:
        pass  # no such day
    raise UnknownApiVersion(
        f"api-version is {given[:40]!r}: it must be YYYY-MM-DD or YYYY-MM-DD-preview, from {FIRST}"
    )


def version_parameter(version: str) -> Parameter:
    """As the OpenAPI document of a door with that version tells it."""
    what = f"Any date from {FIRST} on, perhaps with -preview: all mean the same."
    schema = {"type": "string", "enum": [version]}
    return Parameter("api-version", what, schema, is_required=True)


def any_version(_: Request) -> None:
    """Of a door that has one version, or whose clients of all ages behave alike. DEVICE-3."""
