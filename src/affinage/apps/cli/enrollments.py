"""`affinage enrollment`: who may come and be given a hub, alone or as one of a group."""

from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.apps.cli.assignments import nested, read_text
from affinage.apps.cli.deleting import delete_each
from affinage.apps.cli.identities import HIDDEN, key_lines
from affinage.apps.cli.options import (
    DataOption,
    DesiredOption,
    JsonOption,
    KeysOption,
    ShowKeysOption,
    TagOption,
)
from affinage.apps.cli.output import Columns, line, member, show_document, show_rows
from affinage.apps.cli.reach import ask, ask_all
from affinage.clients.enrollments import EnrollmentClient
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject, is_object, merge
from affinage.protocol.tokens import derived_key

COLUMNS: Final[Columns] = {
    "id": lambda row: row.get("registrationId") or row.get("enrollmentGroupId"),
    "status": lambda row: row.get("provisioningStatus"),
    "proof": lambda row: member(row, "attestation", "type"),
    "device": lambda row: row.get("deviceId"),
    "registered": lambda row: member(row, "registrationState", "status"),
}

NameArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A registration id, or with --group a group's.")
]
GroupOption = Annotated[
    bool, typer.Option("--group", help="An enrollment group, not one device's.")
]
CertificateOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="The device's certificate, or the one that signs a group's; once or twice.",
    ),
]
AuthorityOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a group: a verified certificate authority."),
]
EndorsementOption = Annotated[
    str | None, typer.Option("--endorsement-key", metavar="BASE64", help="Of the device's TPM.")
]
DeviceIdOption = Annotated[
    str | None, typer.Option(metavar="DEVICE", help="The device's id, if another than its own.")
]
EdgeOption = Annotated[
    bool | None, typer.Option("--edge/--no-edge", help="Whether it becomes an edge device.")
]
EnabledOption = Annotated[
    bool | None, typer.Option("--enabled/--disabled", help="Whether it lets anybody in.")
]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Enrollments: who may come and be given a hub, and with which tags.",
        no_args_is_help=True,
    )
    group.command("list")(list_enrollments)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("delete")(delete)
    group.command("derive-key")(derive_key)
    app.add_typer(group, name="enrollment")


def list_enrollments(
    group: GroupOption = False, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List the individual enrollments, or with --group the groups, by their ids.

    Example: `affinage enrollment list --group`
    """
    found = ask_all(data, lambda hub: EnrollmentClient(hub).list_all(groups=group))
    show_rows(found, COLUMNS, as_json=as_json)


def show(
    name: NameArgument,
    group: GroupOption = False,
    show_keys: ShowKeysOption = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an enrollment, and what became of its device.

    Example: `affinage enrollment show press-7`
    """
    found = ask(data, lambda hub: EnrollmentClient(hub).get(name, group=group, with_keys=show_keys))
    show_document(_hidden(found), as_json=as_json)


def create(
    name: NameArgument,
    group: GroupOption = False,
    keys: KeysOption = None,
    certificate: CertificateOption = None,
    authority: AuthorityOption = None,
    endorsement_key: EndorsementOption = None,
    device_id: DeviceIdOption = None,
    tag: TagOption = None,
    desired: DesiredOption = None,
    edge: EdgeOption = None,
    enabled: EnabledOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enroll a device or a group; by symmetric keys that the hub makes, if nothing else is said.

    Example: `affinage enrollment create presses --group --tag line=press`
    """
    proof = _proof(keys, certificate, authority, endorsement_key, group=group)
    body: JsonObject = {
        "attestation": proof or {"type": "symmetricKey"},
        **_body(device_id, edge=edge, enabled=enabled),
    }
    if tag or desired:
        body["initialTwin"] = _twin(nested(tag, "--tag"), nested(desired, "--desired"))
    made = ask(data, lambda hub: EnrollmentClient(hub).put(name, body, group=group))
    show_document(_hidden(made), as_json=as_json)


def update(
    name: NameArgument,
    group: GroupOption = False,
    keys: KeysOption = None,
    certificate: CertificateOption = None,
    authority: AuthorityOption = None,
    endorsement_key: EndorsementOption = None,
    device_id: DeviceIdOption = None,
    tag: TagOption = None,
    desired: DesiredOption = None,
    edge: EdgeOption = None,
    enabled: EnabledOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change an enrollment: what is not named stays. Devices that have come stay as they are.

    Example: `affinage enrollment update press-7 --disabled`
    """
    proof = _proof(keys, certificate, authority, endorsement_key, group=group)
    change = _body(device_id, edge=edge, enabled=enabled)
    if proof is not None:
        change["attestation"] = proof
    tags, properties = nested(tag, "--tag"), nested(desired, "--desired")
    if not (change or tags or properties):
        raise typer.BadParameter("name what shall change, as in --disabled")

    async def changed(hub: ServiceClient) -> JsonObject:
        client = EnrollmentClient(hub)
        current = await client.get(name, group=group)
        body = {**current, **change}
        if tags or properties:
            body["initialTwin"] = _with(current, tags, properties)
        return await client.put(name, body, group=group, if_match=str(current["etag"]))

    show_document(_hidden(ask(data, changed)), as_json=as_json)


def delete(
    names: Annotated[list[str], typer.Argument(metavar="ID", help="Their ids.")],
    group: GroupOption = False,
    data: DataOption = None,
) -> None:
    """Delete enrollments. Devices that have come stay at their hubs.

    Example: `affinage enrollment delete press-7`
    """
    delete_each(
        data, "enrollment", names, lambda hub, name: EnrollmentClient(hub).delete(name, group=group)
    )


def derive_key(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="An enrollment group.")],
    registration: Annotated[str, typer.Argument(metavar="ID", help="Its registration id.")],
    data: DataOption = None,
) -> None:
    """Print the key of one device of a group, to be put into the device: it is a secret.

    Example: `affinage enrollment derive-key presses press-7`
    """
    found = ask(data, lambda hub: EnrollmentClient(hub).get(group, group=True, with_keys=True))
    key = member(found, "attestation", "symmetricKey", "primaryKey")
    if not isinstance(key, str):
        raise typer.BadParameter(f"{group} has no symmetric key", param_hint="GROUP")
    line(derived_key(key, registration))


def _proof(
    keys: Path | None,
    certificates: list[Path] | None,
    authority: str | None,
    endorsement_key: str | None,
    *,
    group: bool,
) -> JsonObject | None:
    """The attestation; None where nothing is said of it."""
    if sum(map(bool, (keys, certificates, authority, endorsement_key))) > 1:
        raise typer.BadParameter(
            "name one of --keys, --certificate, --authority and --endorsement-key"
        )
    if keys is not None:
        primary, secondary = key_lines(keys)
        pair: JsonObject = {"primaryKey": primary, "secondaryKey": secondary}
        return {"type": "symmetricKey", "symmetricKey": pair}
    if certificates:
        entries = [{"certificate": read_text(one, "--certificate")} for one in certificates[:2]]
        kind = "signingCertificates" if group else "clientCertificates"
        named: JsonObject = {name: {**one} for name, one in zip(_PLACES, entries, strict=False)}
        return {"type": "x509", "x509": {kind: named}}
    if authority:
        return {"type": "x509", "x509": {"caReferences": {"primary": authority}}}
    if endorsement_key:
        return {"type": "tpm", "tpm": {"endorsementKey": endorsement_key}}
    return None


_PLACES: Final = ("primary", "secondary")


def _body(device_id: str | None, *, edge: bool | None, enabled: bool | None) -> JsonObject:
    body: JsonObject = {}
    if device_id is not None:
        body["deviceId"] = device_id
    if edge is not None:
        body["capabilities"] = {"iotEdge": edge}
    if enabled is not None:
        body["provisioningStatus"] = "enabled" if enabled else "disabled"
    return body


def _with(current: JsonObject, tags: JsonObject, desired: JsonObject) -> JsonObject:
    """The initial twin with more in it; a null takes away."""
    found = _twin(tags, desired)
    merged = merge(current.get("initialTwin"), found)
    assert is_object(merged)  # a merge with an object is an object
    return merged


def _twin(tags: JsonObject, desired: JsonObject) -> JsonObject:
    return {"tags": tags, "properties": {"desired": desired}}


def _hidden(document: JsonObject) -> JsonObject:
    """It says where the keys are that it does not show."""
    proof = document.get("attestation")
    if is_object(proof) and proof == {"type": "symmetricKey"}:
        return {**document, "attestation": {**proof, "symmetricKey": HIDDEN}}
    return document
