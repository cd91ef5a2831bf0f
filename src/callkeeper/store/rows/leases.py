"""Dispatchers and their leases: rows ↔ values."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec

from callkeeper.core.dialing.lease import Lease
from callkeeper.core.instants import DAY_MS
from callkeeper.core.refusal import Refusal
from callkeeper.store.engine.session import Session

# A dispatcher that has been silent for so long is of no interest to anybody.
_FORGET_MS = DAY_MS

# As programs of any version wrote them: an outcome may be one that this one does not know.
_OUTCOMES = msgspec.json.Decoder(dict[str, int])


class LeaseRows:
    """The verbs about dispatchers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def renew(self, leases: Sequence[Lease]) -> list[Lease | Refusal]:
        """Say that dispatchers live, and until when they answer for what they hold."""
        for each in leases:
            self._session.rows("renew_lease", **_columns(each))
            self._session.rows("forget_dispatchers", before=each.said_at - _FORGET_MS)
        return list(leases)

    def all(self) -> list[Lease]:
        """Return the dispatchers that there are, or lately were."""
        return [_lease(row) for row in self._session.rows("dispatchers")]


def _columns(lease: Lease) -> dict[str, Any]:
    outcomes = None if lease.outcomes is None else msgspec.json.encode(lease.outcomes).decode()
    return msgspec.structs.asdict(lease) | {"is_up": int(lease.is_up), "outcomes": outcomes}


def _lease(row: Sequence[Any]) -> Lease:
    lease = Lease(*row)
    outcomes = None if lease.outcomes is None else _OUTCOMES.decode(cast("str", lease.outcomes))
    return msgspec.structs.replace(lease, is_up=bool(lease.is_up), outcomes=outcomes)
