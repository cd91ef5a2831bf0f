"""Structured events on standard error: one name an event, one line of JSON each.

Phone numbers are masked but for their last two digits, unless the operator asks for them.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

_NUMBERS = frozenset({"called_no", "caller_no"})
_SHOWN = 2


def configure(*, show_numbers: bool = False) -> None:
    """Set up logging for the whole process; the last call counts."""
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if not show_numbers:
        shared.append(_mask)
    renderer = structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What the libraries log comes out alike: its sentence is the event, with the logger's name.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(len(number) - _SHOWN, 0) + number[-_SHOWN:]


def _mask(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS & event.keys():
        event[key] = masked(str(event[key]))
    return event


def _json(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
