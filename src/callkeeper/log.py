"""Structured events on standard error: one name an event, one line of JSON each.

Phone numbers are masked but for their last two digits, unless the operator asks for them.
"""

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import msgspec
import structlog

from callkeeper.terminal import harmless

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
        logger_factory=lambda *_: Lines(sys.stderr),
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


class Lines:
    """Writes lines. Those of one turn of an event loop go out together, as one system call.

    What is logged elsewhere goes out at once.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._gathered: list[str] = []

    def msg(self, line: str) -> None:
        """Write a line, at the latest when the running loop begins its next turn."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write(line)
            return
        if not self._gathered:
            loop.call_soon(self._flush)
        self._gathered.append(line)

    debug = info = warning = error = critical = exception = msg

    def _flush(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._write("\n".join(gathered))

    def _write(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


def masked(number: str) -> str:
    """Return a phone number with all but its last two digits hidden."""
    return "*" * max(len(number) - _SHOWN, 0) + number[-_SHOWN:]


def _mask(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS & event.keys():
        event[key] = masked(str(event[key]))
    return event


def _json(event: object, **_: object) -> str:
    return harmless(msgspec.json.encode(event, enc_hook=repr).decode())
