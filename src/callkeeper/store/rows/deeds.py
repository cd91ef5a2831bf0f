"""Deeds: rows ↔ values."""

import msgspec

from callkeeper.core.instants import INSTANT_MAX, Instant
from callkeeper.store.engine.session import Session
from callkeeper.store.port.people import Deed

_LAST = (INSTANT_MAX, 0)


class DeedRows:
    """The verbs about deeds."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def latest(
        self,
        limit: int,
        before: tuple[Instant, int] | None = None,
        vdn: int | None = None,
        whose: str | None = None,
    ) -> list[Deed]:
        """Return the newest deeds, of one VDN or of all, before an instant and a number."""
        at, number = before or _LAST
        rows = self._session.rows(
            "deeds", before_at=at, before_number=number, vdn=vdn, whose=whose, limit=limit
        )
        return [Deed(*row) for row in rows]

    def append(self, deed: Deed) -> None:
        """Add what somebody did, in the transaction in which they did it."""
        fields = msgspec.structs.asdict(deed)
        del fields["number"]
        self._session.rows("add_deed", **fields)
