"""Settling: after a restore, what may have been called already is closed as unknown.

A backup does not tell which calls were made after it. What was due before the old installation
ended may have been one of them, and must not be dialed again.
"""

from collections.abc import Iterator

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.dialing.outcomes import FailCodes
from callkeeper.core.instants import Instant, in_utc
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order, Settle
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.reservations import Unsettled
from callkeeper.store.port.store import Store

# How many are settled in one transaction: whoever writes meanwhile waits no longer than for these.
_BATCH = 500

_START = (0, "")  # before every VDN and id


class SettlingRefused(Refusal):
    """Nothing was settled."""


class Settling:
    """What was due before an instant in all VDNs or one, and settling it; no later than now."""

    def __init__(
        self, store: Store, before: Instant, vdn: int | None, now: Instant, codes: FailCodes
    ) -> None:
        why = (
            f"it was due before {in_utc(before)}, and the restored data does not tell "
            "whether it was called"
        )
        self._change = Settle(before, codes.named("silence").fail_code, why)
        self._change.check(None, DefinedResults(), now)
        self._store = store
        self._vdn = vdn
        self._now = now

    def count(self) -> list[Unsettled]:
        """Return how much there is in each VDN."""
        return self._store.reservations.unsettled(self._change.before, self._vdn)

    def first(self, limit: int) -> list[Reservation]:
        """Return the first of those that would be settled."""
        return self._store.reservations.due_before(self._change.before, self._vdn, _START, limit)

    def carry_out(self) -> int:
        """Settle them, batch by batch, and return how many; a second time there are none left."""
        self._check_that_nobody_dials()
        settled = 0
        for batch in self._batches():
            orders = [
                Order(each.vdn, each.id, self._change, "operator", self._now) for each in batch
            ]
            with self._store.transaction():
                outcomes = self._store.reservations.change(orders)
            # What a person closed meanwhile is refused, and needs no settling.
            settled += sum(isinstance(each, Reservation) for each in outcomes)
        return settled

    def _batches(self) -> Iterator[list[Reservation]]:
        after = _START
        while batch := self._store.reservations.due_before(
            self._change.before, self._vdn, after, _BATCH
        ):
            yield batch
            after = (batch[-1].vdn, batch[-1].id)

    def _check_that_nobody_dials(self) -> None:
        for each in self._store.leases.all():
            if each.lease_until > self._now:
                raise SettlingRefused(
                    "dispatcher {name} dials over line {line}; stop it (serve with --no-dialer), "
                    "then settle; if it was killed, wait until {lease_until}",
                    name=each.name,
                    line=each.line,
                    lease_until=in_utc(each.lease_until),
                )
