"""What is logged while a test runs, as the program logs it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from callkeeper import log
from callkeeper.settings import Settings


@contextmanager
def logging_as_the_program_does(**chosen: Any) -> Iterator[None]:
    """Log to standard error, as it is when this begins."""
    handlers = logging.root.handlers[:]
    log.configure(Settings(**chosen))
    try:
        yield
    finally:
        log.flush()
        logging.root.handlers[:] = handlers
        structlog.reset_defaults()


def lines(logged: str) -> list[dict[str, Any]]:
    """Return the events of lines of JSON."""
    return [json.loads(line) for line in logged.splitlines()]
