"""Structured events on standard error: one name an event, one line of JSON each.

They are written by a thread (see log_lines.py), so that a log that nobody reads stops nobody.
Phone numbers are masked but for their last two digits, unless the operator asks for them.
"""

import logging
from collections.abc import Callable, MutableMapping
from typing import Any

import msgspec
import structlog

from callkeeper.log_lines import Lines
from callkeeper.terminal import harmless

_STANDARD_ERROR = 2
_lines = Lines(_STANDARD_ERROR)

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
        logger_factory=lambda *_: _lines,
        cache_logger_on_first_use=True,
    )
    # What the libraries log comes out alike: its sentence is the event, with the logger's name.
    handler = logging.StreamHandler(_Stream())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def flush() -> None:
    """Wait, but not for long, until what was logged is written."""
    _lines.flush()


def count_dropped(count: Callable[[int], None]) -> None:
    """Have the lines counted that were dropped because nobody read the log."""

    def tell(dropped: int) -> None:
        count(dropped)
        structlog.get_logger().warning("log_lines_dropped", count=dropped)

    _lines.tell_dropped = tell


class _Stream:
    """What the libraries' handler writes to: a line of the log for each of theirs."""

    def write(self, text: str) -> None:
        """Leave behind what is no bare line end."""
        if line := text.rstrip("\n"):
            _lines.msg(line)

    def flush(self) -> None:
        """Do nothing: a line is on its way."""


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(len(number) - _SHOWN, 0) + number[-_SHOWN:]


def _mask(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS & event.keys():
        event[key] = masked(str(event[key]))
    return event


def _json(event: object, **_: object) -> str:
    return harmless(msgspec.json.encode(event, enc_hook=repr).decode())
