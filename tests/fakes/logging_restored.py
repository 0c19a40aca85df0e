"""Logging, as it was before something that configures it for a whole process."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logging_restored() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers = [*root.handlers]
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
