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
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if not show_numbers:
        processors.append(_mask)
    structlog.configure(
        processors=[*processors, structlog.processors.JSONRenderer(serializer=_json)],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, force=True)


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(len(number) - _SHOWN, 0) + number[-_SHOWN:]


def _mask(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS & event.keys():
        event[key] = masked(str(event[key]))
    return event


def _json(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()
