"""What every group of verbs shares: the session, and appending to the history."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from callkeeper.store.engine.session import Session
from callkeeper.store.port.store import Event

# How many of the newest events of what a request is about are looked through for it.
_EVENTS_MAX = 10_000

# A VDN, what a request is about, and the request.
Asked = tuple[int, str, str]


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

    def _carried_out(self, asked: Mapping[Asked, int]) -> set[Asked]:
        """Return which requests were carried out before.

        What they are about is locked, and has the versions that are given.
        """
        if not asked:
            return set()
        items = [
            {
                "vdn": vdn,
                "subject": subject,
                "request": request,
                # The first one was made, and not changed.
                "version": max(2, version - _EVENTS_MAX),
            }
            for (vdn, subject, request), version in asked.items()
        ]
        return {(row[0], row[1], row[2]) for row in self._session.each("carried_out", items)}

    def _append(self, events: list[Event]) -> None:
        if events:
            self._session.each("add_events", events)
