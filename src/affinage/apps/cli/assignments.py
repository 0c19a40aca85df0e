"""Values that are written on the command line: `name=value` with dots and JSON, and JSON files.

What cannot be read is a wrong use of the command: it exits 2, and nothing has been asked of a hub.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import typer

from affinage.domain.values import JsonObject, JsonValue, is_object

STDIN: Final = Path("-")

_OPENS_JSON: Final = ("{", "[", '"')


def nested(texts: Iterable[str] | None, option: str) -> JsonObject:
    """``a.b=1`` and ``a.c=x`` as ``{"a": {"b": 1, "c": "x"}}``.

    Raises:
        BadParameter: a text has no name or no ``=``, or one path lies above another.
    """
    found: JsonObject = {}
    for text in texts or ():
        path, value = _split(text, option)
        _put(found, path.split("."), parsed(value, option), option)
    return found


def flat(texts: Iterable[str] | None, option: str) -> JsonObject:
    """``a.b=1`` as ``{"a.b": 1}``; see `nested`."""
    pairs = (_split(text, option) for text in texts or ())
    return {name: parsed(value, option) for name, value in pairs}


def texts_by_name(texts: Iterable[str] | None, option: str) -> dict[str, str]:
    """``name=anything``, where the value is text and stays text."""
    return dict(_split(text, option) for text in texts or ())


def parsed(text: str, option: str) -> JsonValue:
    """A JSON value, or the text itself if it is none and does not begin like one."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith(_OPENS_JSON):
            raise typer.BadParameter(f"{text!r} is not JSON: {error}", param_hint=option) from None
        return text
    return value


def read_object(file: Path, option: str) -> JsonObject:
    """The JSON object in a file, or on stdin if it is ``-``."""
    try:
        found: JsonValue = json.loads(read_text(file, option))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}", param_hint=option) from None
    if not is_object(found):
        raise typer.BadParameter(f"{file} must hold a JSON object", param_hint=option)
    return found


def read_text(file: Path, option: str) -> str:
    """What is in a file, or on stdin if it is ``-``; BadParameter if it cannot be read."""
    if file == STDIN:
        return sys.stdin.read()
    try:
        return file.read_text("utf-8-sig")  # editors on Windows mark their files
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{file} cannot be read: {error}", param_hint=option) from None


def merged(below: JsonObject, over: JsonObject) -> JsonObject:
    """Both, ``over`` winning; its nulls stay: in a patch they delete."""
    found = dict(below)
    for name, value in over.items():
        under = found.get(name)
        inner = merged(under, value) if is_object(under) and is_object(value) else value
        found[name] = inner
    return found


def _split(text: str, option: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (name and found):
        raise typer.BadParameter(f"{text!r} is not name=value", param_hint=option)
    return name, value


def _put(into: JsonObject, path: list[str], value: JsonValue, option: str) -> None:
    *above, last = path
    for name in above:
        inner = into.setdefault(name, {})
        if not is_object(inner):
            raise typer.BadParameter(f"{'.'.join(path)} lies in a value", param_hint=option)
        into = inner
    if last in into:
        raise typer.BadParameter(f"{'.'.join(path)} is given twice", param_hint=option)
    into[last] = value
