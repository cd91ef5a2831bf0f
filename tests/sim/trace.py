"""What happened, to be read after a failure; two runs of one seed leave the same."""

import re
from collections import deque
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

_ATTEMPT = re.compile(r"\b\d{10}-\d{15}\b")
_KEPT = 40


class Trace:
    """The last lines, or all of them. An attempt's id is chance: each is called by its place."""

    def __init__(self, *, is_whole: bool = False) -> None:
        self._lines: deque[tuple[int, str, str]] = deque(maxlen=None if is_whole else _KEPT)
        self._clock: Any = None

    def begin(self, clock: Any) -> None:
        """Take the instants of lines from this clock."""
        self._clock = clock

    def add(self, who: str, what: str) -> None:
        """Note what somebody did, or what befell them."""
        self._lines.append((self._clock.now(), who, what))

    def logger(self, who: str) -> Any:
        """Return a logger whose lines stand here."""

        def take(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
            told = " ".join(f"{name}={value}" for name, value in event.items() if name != "event")
            self.add(who, f"{event['event']} {told}")
            raise structlog.DropEvent

        bound = structlog.make_filtering_bound_logger(0)
        return structlog.wrap_logger(None, processors=[take], wrapper_class=bound)

    def lines(self) -> list[str]:
        """Return what is kept, oldest first."""
        names: dict[str, str] = {}
        return [f"{_shown(at)} {who:8} {_named(what, names)}" for at, who, what in self._lines]


def _shown(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1000, UTC).strftime("%m-%d %H:%M:%S.%f")[:-3]


def _named(text: str, names: dict[str, str]) -> str:
    return _ATTEMPT.sub(lambda each: names.setdefault(each[0], f"attempt-{len(names) + 1}"), text)
