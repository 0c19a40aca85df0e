"""`affinage certificate`: the certificate authorities by which devices are known."""

from pathlib import Path
from typing import Annotated, Final

import typer

from affinage.adapters.system.clock import wall_time
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_document, show_rows
from affinage.apps.cli.reach import ask
from affinage.clients.native import NativeClient
from affinage.clients.possession import proof
from affinage.clients.service import ServiceClient
from affinage.domain.values import JsonObject
from affinage.protocol.certificates import parse, read
from affinage.protocol.errors import ProtocolError

COLUMNS: Final[Columns] = {
    "name": lambda row: row.get("name"),
    "verified": lambda row: "yes" if row.get("isVerified") else "no",
    "subject": lambda row: row.get("subjectName"),
    "until": lambda row: row.get("notAfterUtc"),
}

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the hub calls it.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A certificate, in PEM or DER.")]


def add_to(app: typer.Typer) -> None:
    group = typer.Typer(
        help="Certificate authorities: whoever they signed for comes in.", no_args_is_help=True
    )
    group.command("list")(list_certificates)
    group.command("show")(show)
    group.command("create")(create)
    group.command("update")(update)
    group.command("challenge")(challenge)
    group.command("verify")(verify)
    group.command("prove")(prove)
    group.command("delete")(delete)
    app.add_typer(group, name="certificate")


def list_certificates(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the certificate authorities, and whether they are verified.

    Example: `affinage certificate list`
    """
    found = ask(data, lambda hub: NativeClient(hub).certificates())
    show_rows(found, COLUMNS, as_json=as_json)


def show(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show a certificate authority.

    Example: `affinage certificate show plant`
    """
    _show(ask(data, lambda hub: NativeClient(hub).certificate(name)), as_json=as_json)


def create(
    name: NameArgument,
    file: FileArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a certificate authority; it counts once you have proven that you hold its key.

    Example: `affinage certificate create plant ca.pem`
    """
    body: JsonObject = {"certificate": _pem(file)}
    made = ask(data, lambda hub: NativeClient(hub).put_certificate(name, body, if_match=None))
    say(f"created certificate {name}; `affinage certificate prove {name} --key FILE` verifies it")
    _show(made, as_json=as_json)


def update(
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its new certificate, to be proven anew.")
    ] = None,
    distrust: Annotated[
        bool, typer.Option("--distrust", help="Believe it no more, until it is proven anew.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an authority another certificate, or believe it no more; connections by it end.

    Example: `affinage certificate update plant --distrust`
    """
    body: JsonObject = {"certificate": _pem(file)} if file else {}
    body |= {"isVerified": False} if distrust else {}
    if not body:
        raise typer.BadParameter("nothing is to be changed: name --file or --distrust")
    made = ask(data, lambda hub: NativeClient(hub).put_certificate(name, body, if_match="*"))
    say(f"changed certificate {name}")
    _show(made, as_json=as_json)


def challenge(name: NameArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Ask for the code that a proof of possession must have as its common name.

    Example: `affinage certificate challenge plant`
    """
    asked = ask(data, lambda hub: NativeClient(hub).challenge_certificate(name))
    if as_json:
        _show(asked, as_json=True)
    else:
        typer.echo(asked["verificationCode"])


def verify(
    name: NameArgument,
    file: FileArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the proof: a certificate with the code as common name, signed by the authority.

    Example: `affinage certificate verify plant proof.pem`
    """
    pem = _pem(file)
    done = ask(data, lambda hub: NativeClient(hub).verify_certificate(name, pem))
    say(f"certificate {name} is verified")
    _show(done, as_json=as_json)


def prove(
    name: NameArgument,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The authority's private key, in PEM.")
    ],
    passphrase_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the key's passphrase.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Challenge and verify in one step, with the key on this machine; it stays here.

    Example: `affinage certificate prove plant --key ca.key`
    """
    secret = _bytes(key, "--key")
    words = _bytes(passphrase_file, "--passphrase-file").strip() if passphrase_file else None

    async def proven(hub: ServiceClient) -> JsonObject:
        native = NativeClient(hub)
        asked = await native.challenge_certificate(name)
        code, authority = str(asked["verificationCode"]), str(asked["certificate"])
        pem = proof(code, authority, secret, now=wall_time(), passphrase=words)
        return await native.verify_certificate(name, pem)

    done = ask(data, proven)
    say(f"certificate {name} is verified")
    _show(done, as_json=as_json)


def delete(name: NameArgument, data: DataOption = None) -> None:
    """Delete a certificate authority; connections that it let in end.

    Example: `affinage certificate delete plant`
    """
    ask(data, lambda hub: NativeClient(hub).delete_certificate(name))
    say(f"deleted certificate {name}")


def _show(document: JsonObject, *, as_json: bool) -> None:
    """A table has no room for a text of twenty lines."""
    hidden = {} if as_json else {"certificate"}
    shown = {name: value for name, value in document.items() if name not in hidden}
    show_document(shown, as_json=as_json)


def _pem(file: Path) -> str:
    """The one certificate of a file, in PEM; BadParameter."""
    content = _bytes(file, "FILE")
    try:
        if not content.lstrip().startswith(b"\x30"):
            return "".join(one.pem for one in parse(content.decode("utf-8", "replace")))
        return read(content).pem
    except ProtocolError as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="FILE") from None


def _bytes(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint=option) from None
