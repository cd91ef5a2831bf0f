"""Structured events on standard error: one name an event, one line each.

A line is JSON, and plain text where a person reads it at a terminal. They are written by a thread
(see log_lines.py), so that a log that nobody reads stops nobody. Phone numbers are masked but for
their last two digits, unless the operator asks for them.
"""

import logging
import os
import re
from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

import msgspec
import structlog

from callkeeper.log_lines import Lines
from callkeeper.terminal import harmless, harmless_lines

_STANDARD_ERROR = 2
_lines = Lines(_STANDARD_ERROR)

_NUMBERS = ("called_no", "caller_no")
_SHOWN = 2
# In what somebody else wrote; a VDN has four digits, and no number that is called so few. Sentences
# have numbers of their own, of bytes and of ports, and some that are known to be none: a
# reservation's id, an access key's, a date.
_BETWEEN = r"[\s()-]{0,3}"
_NUMBER_IN_PATH = re.compile(rf"\d(?:{_BETWEEN}\d){{4,}}")
_NUMBER_IN_SENTENCE = re.compile(
    r"(?P<none>(?<![0-9A-Za-z])(?:[0-9]{30}|(?=[0-9]*[A-Z])[0-9A-Z]{20}|\d+ bytes"
    r"|\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?)(?![0-9A-Za-z]))"
    rf"|\d(?:{_BETWEEN}\d){{6,}}"
)
_SENTENCES = ("why", "hint")
# However it was written: a path that leads nowhere is logged too, and its link may be good still.
_LINK = re.compile(r"((?:welcome|calendar)(?:/|%2f)+)[^/?\s'\"]+", re.IGNORECASE)
_PLAIN = re.compile(r"[^\s\"=]+")


class Choices(Protocol):
    """What an operator can choose about the log; the settings do."""

    @property
    def show_phone_numbers(self) -> bool:
        """Whether phone numbers stand there in full."""

    @property
    def log_level(self) -> str:
        """The least that is logged: debug, info, warning or error."""

    @property
    def log_format(self) -> str:
        """How a line is written: json or text; auto is text at a terminal and JSON elsewhere."""


def configure(chosen: Choices) -> None:
    """Set up logging for the whole process; the last call counts."""
    level = logging.getLevelNamesMapping()[chosen.log_level.upper()]
    is_text = chosen.log_format == "text" or (
        chosen.log_format == "auto" and os.isatty(_STANDARD_ERROR)
    )
    stamp = (
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S%z", utc=False)
        if is_text
        else structlog.processors.TimeStamper(fmt="iso", utc=True)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        stamp,
        structlog.processors.format_exc_info,
    ]
    shared.append(_without_tokens)
    if not chosen.show_phone_numbers:
        shared.append(_mask)
    renderer = _text if is_text else structlog.processors.JSONRenderer(serializer=_json)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _lines,
        cache_logger_on_first_use=True,
    )
    # What the libraries log comes out alike: its sentence is the event, with the logger's name.
    # Nothing below a warning, whatever is chosen: an HTTP client's would tell numbers.
    handler = logging.StreamHandler(_Stream())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)


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
    """Return a phone number with all but its last two digits hidden; of a short one, half."""
    hidden = len(number) - min(_SHOWN, len(number) // 2)
    return "*" * hidden + number[hidden:]


def _mask(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in _NUMBERS:
        if key in event:
            event[key] = masked(str(event[key]))
    if "path" in event:
        event["path"] = _NUMBER_IN_PATH.sub(lambda found: masked(found[0]), event["path"])
    for key in _SENTENCES:
        if key in event:
            event[key] = _NUMBER_IN_SENTENCE.sub(_masked_number, str(event[key]))
    return event


def _without_tokens(
    _logger: object, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Leave out of every path the token of a link, by which whoever has it comes in."""
    for key in ("path", *_SENTENCES):
        if key in event:
            event[key] = _LINK.sub(r"\1***", str(event[key]))
    return event


def _masked_number(found: re.Match[str]) -> str:
    return found[0] if found["none"] else masked(found[0])


def _json(event: object, **_: object) -> str:
    return harmless(msgspec.json.encode(event, enc_hook=repr).decode())


def _text(_logger: object, _name: str, event: MutableMapping[str, Any]) -> str:
    """Return a line for people: when, how grave, what, and the rest by name."""
    begin = f"{event.pop('timestamp')} {event.pop('level'):7} {event.pop('event')}"
    trace = event.pop("exception", None)
    rest = [f"{key}={_worded(value)}" for key, value in event.items() if value is not None]
    line = harmless(" ".join([begin, *rest]))
    return line if trace is None else f"{line}\n{harmless_lines(trace)}"


def _worded(value: object) -> str:
    """Return a value as it is, where it is one word; otherwise as JSON has it."""
    text = value if isinstance(value, str) else repr(value)
    return text if _PLAIN.fullmatch(text) else msgspec.json.encode(text).decode()
