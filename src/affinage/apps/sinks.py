"""What reaches each target of the settings: an address of HTTP, or subjects of NATS."""

import ssl
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from affinage.adapters.http.sink import HttpSink
from affinage.domain.errors import Invalid
from affinage.domain.forwarding import Target, subject_of
from affinage.ports.sinks import Sink


def sinks(targets: Iterable[Target], hub: str) -> list[tuple[Target, Sink]]:
    """Each target with what reaches it; nothing is reached yet.

    Args:
        targets: of the settings.
        hub: the name of this hub, to tell its events from those of another.

    Raises:
        Invalid: a file that one names cannot be read, or what NATS needs is not installed.
    """
    return [(target, _sink(target, hub)) for target in targets]


def _sink(target: Target, hub: str) -> Sink:
    token, context = _token(target), _context(target)
    if not target.is_nats:
        return HttpSink(target.name, target.url, token=token, context=context)
    try:
        from affinage.adapters.nats.sink import NatsSink  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise Invalid(
            f"forward {target.name}: NATS needs a library that is not here:"
            " install affinage with its extra nats"
        ) from error
    return NatsSink(
        target.name,
        target.url,
        subject=partial(subject_of, target.subject),
        hub=hub,
        has_stream=target.jetstream,
        token=token,
        context=context,
    )


def _token(target: Target) -> str | None:
    if target.token_file is None:
        return None
    try:
        return Path(target.token_file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise _unreadable(target, "token_file", error) from None


def _context(target: Target) -> ssl.SSLContext | None:
    if target.ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=target.ca)
    except OSError as error:  # an SSLError is one
        raise _unreadable(target, "ca", error) from None


def _unreadable(target: Target, setting: str, error: Exception) -> Invalid:
    return Invalid(f"forward {target.name}: {setting} cannot be read: {type(error).__name__}")
