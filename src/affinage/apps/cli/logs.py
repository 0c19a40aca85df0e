"""Where logs go: to stderr, so that what a command answers is alone on stdout."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


def configure(level: int) -> None:
    """Log from ``level`` up, as JSON lines unless a person is reading."""
    person = sys.stderr.isatty()
    renderer = _for_people() if person else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if not person else _printable,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)


class _Unfailing:
    """A stream whose failures are nobody else's: that a disk is full, or that nobody reads it.

    What cannot be written is lost; who logs goes on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def _for_people() -> structlog.dev.ConsoleRenderer:
    """With plain traces: prettier ones show variables, and some of those are keys."""
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _printable(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Spell out what a terminal would obey: strangers choose what they call themselves."""
    return {name: _spelled(value) for name, value in event.items()}


def _spelled(value: object) -> object:
    return ascii(value) if isinstance(value, str) and not value.isprintable() else value
