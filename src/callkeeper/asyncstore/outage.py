"""Whether the database is there, as its store hears of it: said once when it is lost, and back."""

from collections.abc import Callable
from math import inf

import structlog

from callkeeper.clock import monotonic
from callkeeper.core.refusal import DatabaseFailed, DatabaseLost

Hear = Callable[[object, float], None]  # how something ended, and when it was asked for


def hear_nothing(_outcome: object, _asked: float) -> None:
    """Hear nothing of it."""


class Outage:
    """Whether there is one, heard of how each read and each batch of writes ended.

    What was asked for before it last was lost, or came back, tells nothing of the database since:
    its answer may have been under way. It belongs to one event loop.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._is_lost = False
        self._since = -inf

    def hear(self, outcome: object, asked: float) -> None:
        """Note how something ended, with a value or an exception, and when it was asked for."""
        is_lost = isinstance(outcome, DatabaseLost)
        if isinstance(outcome, DatabaseFailed) and not is_lost:
            return
        if is_lost != self._is_lost:
            if asked <= self._since:
                return
            if isinstance(outcome, DatabaseLost):
                self._log.error("database_lost", why=outcome.detail or outcome.sentence)
            else:
                self._log.warning("database_recovered")
        elif not is_lost:
            return
        self._is_lost = is_lost
        self._since = monotonic()
