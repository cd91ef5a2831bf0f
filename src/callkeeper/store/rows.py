"""What every group of verbs shares: the session, and appending to the history."""

from contextlib import AbstractContextManager

from callkeeper.store.port import Event
from callkeeper.store.session import Session


class Rows:
    """Verbs over one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction on the calling thread."""
        return self._session.transaction()

    def events(self, vdn: int, subject: str) -> list[Event]:
        """Return the history of a subject, oldest first."""
        return [Event(*row) for row in self._session.rows("events", vdn=vdn, subject=subject)]

    def _append(self, events: list[Event]) -> None:
        if events:
            self._session.each("add_events", events)
