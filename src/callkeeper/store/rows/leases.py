"""Dispatchers and their leases: rows ↔ values."""

from collections.abc import Sequence

import msgspec

from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import DAY_MS
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session

# A dispatcher that has been silent for so long is of no interest to anybody.
_FORGET_MS = DAY_MS


class LeaseRows:
    """The verbs about dispatchers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def renew(self, leases: Sequence[Lease]) -> list[Lease | Refusal]:
        """Say that dispatchers live, and until when they answer for what they hold."""
        for each in leases:
            columns = msgspec.structs.asdict(each) | {"is_up": int(each.is_up)}
            self._session.rows("renew_lease", **columns)
            self._session.rows("forget_dispatchers", before=each.said_at - _FORGET_MS)
        return list(leases)

    def all(self) -> list[Lease]:
        """Return the dispatchers that there are, or lately were."""
        found = (Lease(*row) for row in self._session.rows("dispatchers"))
        return [msgspec.structs.replace(each, is_up=bool(each.is_up)) for each in found]
