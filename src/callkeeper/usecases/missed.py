"""Missed promises: how many there are of the last day, in all VDNs, for who watches over servers.

All that is asked is bounded: so many reservations are looked through, shared out among the VDNs,
back from now.
"""

from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.port.reservations import Choice, Sought

LOOKED_THROUGH = 100_000
COUNTED_MAX = 10_000  # of a VDN; beyond it, how many more does not matter


class MissedPromises(NamedTuple):
    """How many nobody called in time.

    ``overdue``: manual ones whose time has passed, and that an agent has not called yet.
    ``broken``: of either kind, by more than the grace, or never to be called any more.
    """

    overdue: int
    broken: int


async def count_missed(
    async_store: AsyncStore, measure: Measure, now: Instant, *, looked_through: int = LOOKED_THROUGH
) -> MissedPromises:
    """Count the promises of the last day that nobody has kept by now. Raise DatabaseFailed."""
    overdue = broken = 0
    reservations = async_store.reservations
    choice = Choice(("waiting", "expired", "done"), fail_codes=(measure.refused_code,), newest=True)
    vdns = await reservations.vdns()
    for vdn in vdns:
        day = Sought(vdn, now - DAY_MS, now - 1)
        share = max(1, looked_through // len(vdns))
        reached = await reservations.reach(day, share, backwards=True)
        near = day if reached is None else Sought(vdn, reached + 1, now - 1)
        for each in await reservations.seek(near, choice, COUNTED_MAX):
            broken += measure.of(each.reservation, now) == "broken"
            overdue += each.reservation.kind == "manual" and measure.is_overdue(
                each.reservation, now
            )
    return MissedPromises(overdue, broken)
