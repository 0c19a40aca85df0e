"""`affinage apply`: files say what shall be, and what is not so yet is written.

All documents are read and compared before the first is written. What cannot be is refused as a
whole; if the hub refuses one on the way, those after it are not written, and a second run goes on.
"""

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from affinage.apps.cli.differences import Action, Step, step
from affinage.apps.cli.documents import Document, Kind, read_all
from affinage.apps.cli.enrolling import merged
from affinage.apps.cli.options import DataOption, JsonOption
from affinage.apps.cli.output import Columns, say, show_rows
from affinage.apps.cli.reach import ask
from affinage.apps.cli.warned import warnings_of
from affinage.clients.enrollments import EnrollmentClient
from affinage.clients.native import NativeClient
from affinage.clients.service import ServiceClient, ServiceError
from affinage.domain import groups
from affinage.domain.configuration import check_known
from affinage.domain.configuration import create as as_configuration
from affinage.domain.errors import AffinageError, Invalid
from affinage.domain.groups import Groups
from affinage.domain.values import JsonObject

COLUMNS: Final[Columns] = {
    "kind": lambda row: row.get("kind"),
    "name": lambda row: row.get("name"),
    "action": lambda row: row.get("action"),
    "changes": lambda row: ", ".join(map(str, _listed(row))),
}

T = TypeVar("T")

_NOT_FOUND: Final = 404
_RULES: Final = (Kind.CONFIGURATION, Kind.DEPLOYMENT)


def add_to(app: typer.Typer) -> None:
    app.command("apply")(apply)


def apply(
    filename: Annotated[
        list[Path],
        typer.Option("--filename", "-f", metavar="PATH", help="A file, a folder, or - for stdin."),
    ],
    more: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH", help="More files and folders.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have groups, device tags, configurations, deployments and enrollments be as files say.

    Files are YAML or JSON. Documents have `kind`, `metadata.name` and `spec`; a configuration in
    Azure's JSON is taken as it is. What is so already is left alone. All of it is checked before
    anything is written.

    Example: `affinage apply -f fleet/ --dry-run`
    """
    documents = read_all([*filename, *(more or ())])
    steps, error = ask(data, lambda hub: _applied(hub, documents, dry_run=dry_run))
    show_rows([one.shown for one in steps], COLUMNS, as_json=as_json)
    if error is not None:
        say(f"{len(steps)} of {len(documents)} documents were applied; the others were not tried")
        raise error
    if dry_run:
        say("nothing was written")


async def _applied(
    hub: ServiceClient, documents: Sequence[Document], *, dry_run: bool
) -> tuple[list[Step], ServiceError | None]:
    """Every step that was taken, and what ended them."""
    done: list[Step] = []
    for one in await _planned(hub, documents):
        try:
            if not dry_run and one.action is not Action.UNCHANGED:
                await _write(hub, one)
        except ServiceError as error:
            return done, error
        done.append(one)
    return done, None


async def _planned(hub: ServiceClient, documents: Sequence[Document]) -> list[Step]:
    """The steps in their order; Invalid, with all of what is wrong, before any is taken."""
    rules = {str(one["id"]): one for one in await hub.list_configurations()}
    known = await _groups(hub)
    wanted = [one for one in documents if one.kind is Kind.GROUP]
    problems = [*_unknown(documents, _book([*known.values(), *(one.body for one in wanted)]))]
    steps: list[Step] = []
    for one in documents:
        try:
            steps.append(step(one, await _current(hub, one, rules, known), rules))
        except AffinageError as error:
            problems.append(str(error))
    if problems:
        raise Invalid("\n".join(["nothing was written:", *problems]))
    return _in_order(steps)


async def _groups(hub: ServiceClient) -> Mapping[str, JsonObject]:
    """Those that there are; none where the hub has no door for them."""

    async def listed() -> list[JsonObject]:
        return [one async for one in NativeClient(hub).groups()]

    return {str(one["name"]): one for one in await _found(listed()) or ()}


async def _found(asked: Awaitable[T]) -> T | None:
    """What was asked for, None if it is not there."""
    try:
        return await asked
    except ServiceError as error:
        if error.status != _NOT_FOUND:
            raise
        return None


async def _current(
    hub: ServiceClient,
    document: Document,
    rules: Mapping[str, JsonObject],
    known: Mapping[str, JsonObject],
) -> JsonObject | None:
    if document.kind is Kind.ENROLLMENT:
        is_group = bool(document.body["group"])
        client = EnrollmentClient(hub)
        return await _found(client.get(document.name, group=is_group, with_keys=True))
    if document.kind is not Kind.DEVICE:
        return (known if document.kind is Kind.GROUP else rules).get(document.name)
    name = document.name
    twin = await _found(hub.get_twin(name))
    if twin is None:
        raise Invalid(f"there is no device {name}: `affinage device create {name}`")
    return twin


def _book(several: Iterable[JsonObject]) -> Groups:
    book = Groups()
    for one in several:
        body: JsonObject = {"condition": one["condition"]}
        book = book.with_group(groups.create(str(one["name"]), body, at=0))
    return book


def _unknown(documents: Iterable[Document], book: Groups) -> Iterable[str]:
    """What conditions name that nobody makes, or that names itself."""
    for one in documents:
        try:
            if one.kind is Kind.GROUP:
                book.check_group(one.name)
            elif one.kind in _RULES:
                check_known(as_configuration(one.name, one.body, generation=1, at=0), book)
        except AffinageError as error:
            yield f"{one.what}: {error}"


def _in_order(steps: Sequence[Step]) -> list[Step]:
    """A group after those that it names; the others stay as they are."""
    book = _book(one.document.body for one in steps if one.document.kind is Kind.GROUP)

    def rank(one: Step) -> int:
        name = one.document.name
        return len(book.names([name])) if one.document.kind is Kind.GROUP else 0

    in_front = [one for one in steps if one.document.kind is Kind.GROUP]
    return [*sorted(in_front, key=rank), *steps[len(in_front) :]]


async def _write(hub: ServiceClient, one: Step) -> None:
    document = one.document
    match document.kind:
        case Kind.GROUP:
            await NativeClient(hub).put_group(document.body, if_match=one.etag)
        case Kind.DEVICE:
            await hub.patch_twin(document.name, one.patch or {}, if_match=one.etag)
        case Kind.ENROLLMENT:
            body = one.patch or merged(document.body, {})
            is_group = bool(document.body["group"])
            await EnrollmentClient(hub).put(document.name, body, group=is_group, if_match=one.etag)
        case _:
            if one.etag is None:
                made = await hub.create_configuration(document.body)
            else:
                made = await hub.update_configuration(document.body, if_match=one.etag)
            for text in await warnings_of(hub, made):
                say(f"warning: {document.what}: {text}")


def _listed(row: JsonObject) -> Sequence[object]:
    changes = row.get("changes")
    return changes if isinstance(changes, list) else ()
