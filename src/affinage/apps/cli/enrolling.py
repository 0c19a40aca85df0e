"""Enrollments in files: checked as the hub would, and compared with what it has.

Keys in a file are checked and written, and compared where the hub shows those that it has.
"""

from collections.abc import Iterator
from typing import Final

from affinage.apps.cli.output import member
from affinage.domain.identity import KeySource
from affinage.domain.provisioning import enrollment
from affinage.domain.provisioning.attestation import Makings
from affinage.domain.provisioning.enrollment import Enrollment
from affinage.domain.values import JsonObject, JsonValue, same
from affinage.services.provisioning.makings import read_certificate

_NONE: Final = "AAAAAAAAAAAAAAAAAAAAAA=="
"""Stands for a key that the hub is to make."""

_MAKINGS: Final = Makings(KeySource(lambda: _NONE, str.encode), read_certificate)
_KEYS: Final = ("attestation", "symmetricKey")
_OWN: Final = {"registrationId", "enrollmentGroupId"}


def as_enrollment(name: str, body: JsonObject, *, is_group: bool) -> Enrollment:
    """What the hub would make of it; Invalid and its kin where it would refuse."""
    return enrollment.create(name, body, _MAKINGS, is_group=is_group, etag=0, at=0)


def merged(body: JsonObject, current: JsonObject) -> JsonObject:
    """The file's over what the hub has: a change replaces an enrollment, the file names a part."""
    return {**current, **{name: value for name, value in body.items() if name != "group"}}


def differences(
    name: str, body: JsonObject, current: JsonObject, *, is_group: bool
) -> Iterator[tuple[str, JsonValue, JsonValue]]:
    """Members that the file names and that are otherwise at the hub: before and after.

    Keys are told as hidden, before and after.
    """
    wanted = enrollment.document(as_enrollment(name, body, is_group=is_group))
    for one in body.keys() - _OWN - {"attestation", "group"}:
        if not same(current.get(one), wanted.get(one)):
            yield one, current.get(one), wanted.get(one)
    shown = {**(current["attestation"] if isinstance(current["attestation"], dict) else {})}
    shown.pop("symmetricKey", None)
    if not same(shown, wanted["attestation"]):
        yield "attestation", shown, wanted["attestation"]
    keys = member(body, *_KEYS)
    if keys is not None and not same(keys, member(current, *_KEYS)):
        yield "attestation.symmetricKey", "hidden", "others"
