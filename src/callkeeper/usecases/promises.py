"""Promises: which are open, how those of a day were kept, which were broken and why.

Nothing here reads all that a VDN has: back from now, and ahead, so many are looked through and no
more, and whoever asks is told from when to when that was.
"""

from collections import Counter
from typing import NamedTuple

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.reservations.promise import KEEPINGS, Keeping, Measure
from callkeeper.core.reservations.reservation import Reservation, State
from callkeeper.store.port.reservations import Choice, Listed, Sought
from callkeeper.store.port.store import Store

# How many reservations are looked through back from now, ahead, or from the begin of a day on.
LOOKED_THROUGH = 100_000
# How many of those that may be broken are judged.
JUDGED = 10_000

OPEN: tuple[State, ...] = ("waiting", "calling")
LISTED: tuple[State, ...] = (*OPEN, "expired", "done")
_BROKEN = ("broken", "unknown")

# Before and after every appointed time.
FIRST: Instant = 0
LAST: Instant = 2**62


class Whose(NamedTuple):
    """Whose promises: of a VDN, or of an agent or a campaign of it."""

    vdn: int
    agent: str | None = None
    campaign_id: int | None = None

    def within(self, begin_at: Instant, end_at: Instant) -> Sought:
        """Return the part of them that was promised for a stretch of time, bounds included."""
        return Sought(self.vdn, begin_at, end_at, self.agent, self.campaign_id)


class Kept(msgspec.Struct, frozen=True):
    """A promise: the reservation with its names, what has become of it, and why."""

    listed: Listed
    keeping: Keeping
    why: str
    is_overdue: bool


class Found(msgspec.Struct, frozen=True):
    """Some promises. ``has_more``: there are others; ``from_at`` and ``to_at``: not beyond.

    ``has_more_overdue``: of those that are overdue too there are others.
    """

    promises: list[Kept]
    has_more: bool
    from_at: Instant | None
    to_at: Instant | None
    has_more_overdue: bool = False


class Day(msgspec.Struct, frozen=True):
    """A day: how many promises came to what, and the first of them.

    ``counted_to``: not all of it was counted, for it has too many, but what was for before this.
    """

    counts: dict[Keeping, int]
    found: Found
    counted_to: Instant | None


class Promises:
    """Somebody's promises, as they stand at an instant."""

    def __init__(
        self,
        store: Store,
        measure: Measure,
        whose: Whose,
        now: Instant,
        *,
        looked_through: int = LOOKED_THROUGH,
        judged: int = JUDGED,
    ) -> None:
        self._reservations = store.reservations
        self._measure = measure
        self._whose = whose
        self._now = now
        self._looked_through = looked_through
        self._judged = judged

    def open(self, limit: int, states: tuple[State, ...] = OPEN) -> Found:
        """Return what is open: overdue ones first, the oldest of them first, then by time.

        Where there is no room for all, half of it is for what is to come.
        """
        begin, end = self._horizons()
        past = self._whose.within(begin, self._now - 1)
        ahead = self._whose.within(self._now, end)
        choice = Choice(states)
        before = self._reservations.seek(past, choice, limit + 1)
        before.sort(key=lambda each: not self._is_overdue(each))
        after = self._reservations.seek(ahead, choice, limit + 1)
        # What is long overdue hides nobody's next call.
        room = max(limit // 2, limit - len(after))
        found = self._found(before[:room] + after, limit, begin, end)
        is_cut = len(before) > room
        return msgspec.structs.replace(
            found, has_more=found.has_more or is_cut, has_more_overdue=is_cut
        )

    def overdue(self, limit: int) -> Found:
        """Return what nobody called in time, the oldest first."""
        begin = self._back()
        past = self._whose.within(begin, self._now - 1)
        found = self._reservations.seek(past, Choice(("waiting",)), self._judged)
        overdue = [each for each in found if self._is_overdue(each)]
        return self._found(overdue, limit, begin, self._judged_to(found))

    def closed(self, limit: int, states: tuple[State, ...]) -> Found:
        """Return what is in some states, the latest first."""
        begin, end = self._horizons()
        whole = self._whose.within(begin, end)
        found = self._reservations.seek(whole, Choice(states, newest=True), limit + 1)
        return self._found(found, limit, begin, end)

    def broken(self, limit: int, day: tuple[Instant, Instant] | None = None) -> Found:
        """Return what was broken, or may have been, until now or of a day; the oldest first."""
        begin, end = day or (self._back(), self._now)
        sought = self._whose.within(begin, end)
        codes = (self._measure.unknown_code, self._measure.refused_code)
        choice = Choice(("waiting", "expired", "done"), fail_codes=codes)
        judged = self._reservations.seek(sought, choice, self._judged)
        broken = [
            each for each in judged if self._measure.of(each.reservation, self._now) in _BROKEN
        ]
        return self._found(broken, limit, FIRST if day else begin, self._judged_to(judged))

    def of_day(
        self, day: tuple[Instant, Instant], limit: int, states: tuple[State, ...] = LISTED
    ) -> Day:
        """Return how the promises of a day were kept, and the first of those in some states."""
        whole = self._whose.within(*day)
        counted_to = self._reservations.reach(whole, self._looked_through)
        counted = self._whose.within(day[0], day[1] if counted_to is None else counted_to - 1)
        counts = Counter(
            self._measure.of(each, self._now) for each in self._reservations.promises(counted)
        )
        found = self._reservations.seek(counted, Choice(states), limit + 1)
        told: dict[Keeping, int] = {each: counts[each] for each in KEEPINGS if counts[each]}
        return Day(told, self._found(found, limit), counted_to)

    def one(self, reservation: Reservation) -> Kept:
        """Return one of them."""
        at = reservation.appoint_at
        alone = Choice((reservation.state,), id=reservation.id)
        (listed,) = self._reservations.seek(self._whose.within(at, at), alone, 1)
        return self._kept(listed)

    def _horizons(self) -> tuple[Instant, Instant]:
        """Return from when to when is looked."""
        ahead = self._whose.within(self._now, LAST)
        reached = self._reservations.reach(ahead, self._looked_through)
        return self._back(), LAST if reached is None else reached - 1

    def _back(self) -> Instant:
        past = self._whose.within(FIRST, self._now - 1)
        reached = self._reservations.reach(past, self._looked_through, backwards=True)
        return FIRST if reached is None else reached + 1

    def _found(
        self, found: list[Listed], limit: int, begin: Instant = FIRST, end: Instant = LAST
    ) -> Found:
        shown = [self._kept(each) for each in found[:limit]]
        from_at = None if begin == FIRST else begin
        return Found(shown, len(found) > limit, from_at, None if end == LAST else end)

    def _judged_to(self, judged: list[Listed]) -> Instant:
        """Return until when was judged what may have been broken, the oldest first."""
        return LAST if len(judged) < self._judged else judged[-1].reservation.appoint_at

    def _is_overdue(self, listed: Listed) -> bool:
        return self._measure.is_overdue(listed.reservation, self._now)

    def _kept(self, listed: Listed) -> Kept:
        keeping = self._measure.of(listed.reservation, self._now)
        return Kept(listed, keeping, _why(listed, keeping), self._is_overdue(listed))


def _why(listed: Listed, keeping: Keeping) -> str:
    """Return why a promise was not kept, or not yet; nothing of one that was."""
    reservation = listed.reservation
    if keeping == "unknown":
        return reservation.verdict or "it may have been called, and no word came"
    if keeping not in ("late", "broken"):
        return ""
    if reservation.verdict:
        return reservation.verdict
    if reservation.state == "done":
        return "the line refused the call, nothing was dialed"
    if reservation.kind == "automatic":
        return "no dialer has looked at it"
    agent = listed.agent_name or reservation.agent
    return f"agent {agent} has not rung" if agent else "no agent has it"
