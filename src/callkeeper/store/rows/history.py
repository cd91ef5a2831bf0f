"""The history: what happened to each subject, and which requests were carried out before."""

from collections.abc import Mapping, Sequence

import msgspec

from callkeeper.store.engine.session import Session
from callkeeper.store.port.history import Event

# How many of the newest events of what a request is about are looked through for it.
_EVENTS_MAX = 10_000

# A VDN, what a request is about, and the request.
Asked = tuple[int, str, str]


def detail_of(change: msgspec.Struct | Mapping[str, object]) -> str:
    """Return what is kept of a change, as JSON; which one it is, its event says."""
    told = msgspec.to_builtins(change)
    told.pop("type", None)  # by which it is known on its way between processes
    return msgspec.json.encode(told).decode()


class HistoryRows:
    """The verb about events, and what the other families' verbs put down and look up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, vdn: int, subject: str) -> list[Event]:
        """Return the history of a subject, oldest first."""
        return [Event(*row) for row in self._session.rows("events", vdn=vdn, subject=subject)]

    def append(self, events: Sequence[Event]) -> None:
        """Add what happened."""
        if events:
            self._session.each("add_events", events)

    def carried_out(self, asked: Mapping[Asked, int]) -> set[Asked]:
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

    def begun_by(self, vdn: int, request: str | None) -> str | None:
        """Return the subject that a request began when it was carried out before."""
        rows = self._session.rows("begun_by", vdn=vdn, request=request) if request else []
        return str(rows[0][0]) if rows else None
