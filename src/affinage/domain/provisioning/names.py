"""Names of provisioning: registration ids and enrollment groups, compared in any case.

Source: docs/spec/provisioning.md, PROV-1 to PROV-3.
"""

import re
from typing import Final

from affinage.domain.errors import Invalid
from affinage.domain.names import MAX_ID

_NAME: Final = re.compile(r"[A-Za-z0-9\-._:]*[A-Za-z0-9\-]")

_GROUP: Final = "group/"


def check_registration_id(value: str) -> str:
    """The id in lower case, or Invalid saying what is wrong with it."""
    return _checked("a registration", value).lower()


def check_group_id(value: str) -> str:
    """The id of an enrollment group as it is spelled, or Invalid saying what is wrong with it."""
    return _checked("an enrollment group", value)


def enrollment_key(enrollment_id: str, *, is_group: bool) -> str:
    """What tells an enrollment from all others; no registration id has a slash."""
    return f"{_GROUP}{enrollment_id.lower()}" if is_group else enrollment_id.lower()


def is_group_key(key: str) -> bool:
    """Whether it is of a group."""
    return key.startswith(_GROUP)


def _checked(what: str, value: str) -> str:
    if len(value) > MAX_ID:
        raise Invalid(f"the id of {what} has {len(value)} of {MAX_ID} characters")
    if not _NAME.fullmatch(value):
        raise Invalid(
            f"{value!r} cannot be the id of {what}: it may hold letters, digits and - . _ :"
            " and ends with a letter, a digit or -"
        )
    return value
