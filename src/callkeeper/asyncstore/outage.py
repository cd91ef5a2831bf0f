"""Whether the database is there, as its store hears of it: said once when it is lost, and back."""

import structlog

from callkeeper.core.refusal import DatabaseFailed, DatabaseLost


class Outage:
    """Whether there is one, heard of how each read and each batch of writes ended.

    It belongs to one event loop.
    """

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._is_lost = False

    def hear(self, outcome: object) -> None:
        """Note how something ended: with a value, or with an exception."""
        if isinstance(outcome, DatabaseLost):
            if not self._is_lost:
                self._is_lost = True
                self._log.error("database_lost", why=outcome.detail or outcome.sentence)
        elif self._is_lost and not isinstance(outcome, DatabaseFailed):
            self._is_lost = False
            self._log.warning("database_recovered")
