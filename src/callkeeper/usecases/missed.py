"""Missed promises: how many there are of the last day, in all VDNs, for who watches over servers.

They are counted where what is outstanding is kept, so it does not matter how many are stored.
"""

from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.transfer import UNSERVED
from callkeeper.store.port.reservations import Sought


class MissedPromises(NamedTuple):
    """How many nobody called in time.

    ``overdue``: manual ones whose time has passed, and that an agent has not called yet.
    ``broken``: of either kind, by more than the grace, or never to be called any more.
    """

    overdue: int
    broken: int


async def count_missed(async_store: AsyncStore, measure: Measure, now: Instant) -> MissedPromises:
    """Count the promises of the last day that nobody has kept by now. Raise DatabaseFailed.

    Those of a VDN that was moved elsewhere are kept there.
    """
    overdue = broken = 0
    elsewhere = {each.vdn for each in await async_store.transfers() if each.state in UNSERVED}
    for vdn in await async_store.reservations.vdns():
        if vdn in elsewhere:
            continue
        day = Sought(vdn, now - DAY_MS, now - 1)
        for each in await async_store.outstanding.count(day, now, now - measure.grace_ms):
            if measure.of(each.promise, now) == "broken":
                broken += each.count
            if each.kind == "manual" and measure.is_overdue(each.promise, now):
                overdue += each.count
    return MissedPromises(overdue, broken)
