"""Promises: which are open, how those of a day were kept, which were broken and why.

What is outstanding is read off its own table. Of what is closed so many are looked through, back
from now and ahead, and no more; whoever asks is told from when to when that was.
"""

from collections import Counter, defaultdict
from functools import cached_property
from typing import NamedTuple

import msgspec

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.campaigns.campaign import Obstacle, obstacle
from callkeeper.core.instants import HOUR_MS, Instant
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.core.reservations.changes import Settle
from callkeeper.core.reservations.promise import (
    ANSWERS,
    KEEPINGS,
    KEPT,
    Answer,
    Keeping,
    Measure,
    answer,
    promised_at,
)
from callkeeper.core.reservations.reservation import UNKEPT, Reservation, State
from callkeeper.store.port.reservations import Choice, Listed, Sought
from callkeeper.store.port.store import Store

# How many reservations are looked through back from now, ahead, or from the begin of a day on.
LOOKED_THROUGH = 100_000
# How many of a day that may be broken are judged.
JUDGED = 10_000

OPEN: tuple[State, ...] = ("waiting", "calling")
LISTED: tuple[State, ...] = (*OPEN, "expired", "done")
_BROKEN = ("broken", "unknown")
# The rules by which one is closed; by any other, one that expired was held until it was too late.
_GIVEN_UP = ("grace", "campaign_gone", "campaign_ended", "number")

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
    """A promise: the reservation with its names, what has become of it, and why.

    ``held``: what its campaign is (paused, ended), while it waits to be dialed and is not; or "".
    ``cause``: the same as ``why`` in a word, for who tells it in a language; "" of what was kept.
    ``filed``: what the VDN calls the business result and sub-result that are on record.
    """

    listed: Listed
    keeping: Keeping
    why: str
    is_overdue: bool
    held: str = ""
    filed: tuple[str | None, str | None] = (None, None)
    cause: str = ""


class Found(msgspec.Struct, frozen=True):
    """Some promises. ``has_more``: there are others; ``from_at`` and ``to_at``: not beyond.

    ``overdue``: how many are in all, shown or not; 0 where not all of them were looked for.
    """

    promises: list[Kept]
    has_more: bool
    from_at: Instant | None
    to_at: Instant | None
    overdue: int = 0


class Hour(msgspec.Struct, frozen=True):
    """An hour of a day, from its begin on: how many promises came to what."""

    begin_at: Instant
    counts: dict[Keeping, int]


class Day(msgspec.Struct, frozen=True):
    """A day: how many promises came to what, in all and by the hour, and the first of them.

    ``answers``: of those that were kept, how many were answered.
    ``counted_to``: not all of it was counted, for it has too many, but what was for before this.
    Hours without a promise are left out; a day has 23 or 25 where the clock is set.
    """

    counts: dict[Keeping, int]
    answers: dict[Answer, int]
    hours: list[Hour]
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
        self._outstanding = store.outstanding
        self._business_results = store.business_results
        self._measure = measure
        self._whose = whose
        self._now = now
        self._looked_through = looked_through
        self._judged = judged

    def open(self, limit: int, states: tuple[State, ...] = OPEN) -> Found:
        """Return what is open: overdue ones first, the oldest of them first, then by time.

        Where there is no room for all, half of it is for what is to come.
        """
        past = self._whose.within(FIRST, self._now - 1)
        ahead = self._whose.within(self._now, LAST)
        overdue = self._untried(self._now, limit + 1) if "waiting" in states else []
        begun = self._outstanding.seek(past, states, limit + 1, is_tried=True)
        before = overdue + begun
        after = self._outstanding.seek(ahead, states, limit + 1)
        # What is long overdue hides nobody's next call.
        room = max(limit // 2, limit - len(after))
        found = self._found(before[:room] + after, limit)
        return msgspec.structs.replace(
            found,
            has_more=found.has_more or len(before) > room,
            overdue=self._count_overdue(overdue, limit),
        )

    def overdue(self, limit: int) -> Found:
        """Return what nobody called in time, the oldest first."""
        overdue = self._untried(self._now, limit + 1)
        found = self._found(overdue, limit)
        return msgspec.structs.replace(found, overdue=self._count_overdue(overdue, limit))

    def closed(self, limit: int, states: tuple[State, ...]) -> Found:
        """Return what is in some states, the latest first."""
        from_at, to_at = self._horizons()
        whole = self._whose.within(
            FIRST if from_at is None else from_at, LAST if to_at is None else to_at
        )
        found = self._reservations.seek(whole, Choice(states, newest=True), limit + 1)
        return self._found(found, limit, from_at, to_at)

    def broken(self, limit: int, day: tuple[Instant, Instant] | None = None) -> Found:
        """Return what was broken, or may have been, the oldest first.

        Of a day that is all of it; until now what nobody has seen to yet.
        """
        if day is None:
            return self._missed(self._now - self._measure.grace_ms, limit)
        choice = Choice(("waiting", "expired", "done"), outcomes=tuple(UNKEPT))
        judged = self._reservations.seek(self._whose.within(*day), choice, self._judged)
        broken = [
            each for each in judged if self._measure.of(each.reservation, self._now) in _BROKEN
        ]
        return self._found(broken, limit, to_at=self._judged_to(judged))

    def missed(self, limit: int) -> Found:
        """Return what is late, was broken, or may have been, and wants somebody; oldest first."""
        return self._missed(self._now, limit)

    def waiting(self, until: Instant, limit: int) -> Found:
        """Return what waits of all that was promised until then, the oldest first."""
        whole = self._whose.within(FIRST, until)
        return self._found(self._outstanding.seek(whole, ("waiting",), limit + 1), limit)

    def of_keeping(self, keeping: Keeping, until: Instant, limit: int) -> Found:
        """Return the first of what is outstanding and has come to this, promised until then."""
        whole = self._whose.within(FIRST, until)
        seek = self._outstanding.seek
        match keeping:
            case "waiting":
                past = self._whose.within(FIRST, self._now - 1)
                begun = seek(past, ("waiting",), limit + 1, is_tried=True)
                ahead = seek(self._whose.within(self._now, until), ("waiting",), limit + 1)
                found = begun + ahead
            case "late":
                since = self._now - self._measure.grace_ms
                lately = self._whose.within(since, self._now - 1)
                found = seek(lately, ("waiting",), limit + 1, is_tried=False)
            case "broken":
                waiting = self._untried(self._now - self._measure.grace_ms, limit + 1)
                closed = seek(whole, ("expired", "done"), limit + 1, is_unknown=False)
                found = sorted(waiting + closed, key=_promised)
            case "unknown":
                found = seek(whole, ("done",), limit + 1, is_unknown=True)
            case "calling":
                found = seek(whole, ("calling",), limit + 1)
            case _:
                found = []  # what was kept or cancelled is not outstanding
        return self._found(found, limit)

    def of_day(
        self, day: tuple[Instant, Instant], limit: int, states: tuple[State, ...] = LISTED
    ) -> Day:
        """Return how the promises of a day were kept, and the first of those in some states."""
        whole = self._whose.within(*day)
        counted_to = self._reservations.reach(whole, self._looked_through)
        counted = self._whose.within(day[0], day[1] if counted_to is None else counted_to - 1)
        hours: defaultdict[Instant, Counter[Keeping]] = defaultdict(Counter)
        answers: Counter[Answer] = Counter()
        grace_ms = self._measure.grace_ms
        for each in self._reservations.tally(counted, "hour", self._now, grace_ms):
            keeping = self._measure.of(each.promise, self._now)
            hours[day[0] + each.hour * HOUR_MS][keeping] += each.count
            if keeping in KEPT:
                answers[answer(each.promise)] += each.count
        return Day(
            counts=in_order(sum(hours.values(), Counter())),
            answers={each: answers[each] for each in ANSWERS if answers[each]},
            hours=[Hour(begin_at, in_order(hours[begin_at])) for begin_at in sorted(hours)],
            found=self._sought(counted, states, limit),
            counted_to=counted_to,
        )

    def within(self, day: tuple[Instant, Instant], limit: int, states: tuple[State, ...]) -> Found:
        """Return the first that were promised for a stretch of time and are in some states."""
        return self._sought(self._whose.within(*day), states, limit)

    def unfiled(self, stretch: tuple[Instant, Instant], limit: int) -> Found:
        """Return what the system called and was answered, and of which no person has said more."""
        choice = Choice(("done",), outcomes=("answered",), is_unfiled=True, newest=True)
        found = self._reservations.seek(self._whose.within(*stretch), choice, limit + 1)
        return self._found(found, limit)

    def judged(self, found: list[Listed]) -> list[Kept]:
        """Return what has become of some that were found elsewhere."""
        return [self._kept(each) for each in found]

    def one(self, id_: str) -> Kept:
        """Return one of the VDN's. Raise NoSuchReservation."""
        listed = self._reservations.get(self._whose.vdn, id_)
        if listed is None:
            raise no_such(self._whose.vdn, id_)
        return self._kept(listed)

    def _sought(self, sought: Sought, states: tuple[State, ...], limit: int) -> Found:
        return self._found(self._reservations.seek(sought, Choice(states), limit + 1), limit)

    def _missed(self, before: Instant, limit: int) -> Found:
        waiting = self._untried(before, limit + 1)
        whole = self._whose.within(FIRST, LAST)
        closed = self._outstanding.seek(whole, ("expired", "done"), limit + 1)
        return self._found(sorted(waiting + closed, key=_promised), limit)

    def _untried(self, before: Instant, limit: int) -> list[Listed]:
        """Return what was promised before an instant, and nobody has called."""
        past = self._whose.within(FIRST, before - 1)
        return self._outstanding.seek(past, ("waiting",), limit, is_tried=False)

    def _count_overdue(self, first: list[Listed], limit: int) -> int:
        """Return how many are overdue, given the first of them: all, unless they pass a limit."""
        if len(first) <= limit:
            return len(first)
        past = self._whose.within(FIRST, self._now - 1)
        alike = self._outstanding.count(past, self._now, self._now - self._measure.grace_ms)
        return sum(
            each.count for each in alike if self._measure.is_overdue(each.promise, self._now)
        )

    def _horizons(self) -> tuple[Instant | None, Instant | None]:
        """Return from when to when is looked; None: all the way."""
        past = self._whose.within(FIRST, self._now - 1)
        ahead = self._whose.within(self._now, LAST)
        back = self._reservations.reach(past, self._looked_through, backwards=True)
        on = self._reservations.reach(ahead, self._looked_through)
        return None if back is None else back + 1, None if on is None else on - 1

    def _found(
        self,
        found: list[Listed],
        limit: int,
        from_at: Instant | None = None,
        to_at: Instant | None = None,
    ) -> Found:
        shown = [self._kept(each) for each in found[:limit]]
        return Found(shown, len(found) > limit, from_at, to_at)

    def _judged_to(self, judged: list[Listed]) -> Instant | None:
        """Return until when was judged what may have been broken; None: all of it."""
        return None if len(judged) < self._judged else judged[-1].reservation.appoint_at

    def _kept(self, listed: Listed) -> Kept:
        keeping = self._measure.of(listed.reservation, self._now)
        is_overdue = self._measure.is_overdue(listed.reservation, self._now)
        held = _held(listed, self._now)
        filed = self._names(listed.reservation)
        cause = _cause(listed.reservation, keeping, held)
        return Kept(listed, keeping, _why(listed, keeping, held), is_overdue, held, filed, cause)

    def _names(self, reservation: Reservation) -> tuple[str | None, str | None]:
        if not reservation.business_result:
            return None, None
        return self._defined.names(reservation.business_result, reservation.business_sub_result)

    @cached_property
    def _defined(self) -> DefinedResults:
        return self._business_results.of(self._whose.vdn)


def no_such(vdn: int, id_: str) -> NoSuchReservation:
    """Return the refusal of what a VDN does not have, or whoever asks may not know of."""
    return NoSuchReservation(
        "there is no reservation {id!r} in VDN {vdn}", about="id", id=id_, vdn=vdn
    )


def campaign_obstacle(listed: Listed, now: Instant) -> Obstacle | None:
    """Return what keeps the campaign of a reservation from having anything dialed."""
    is_deleted = listed.campaign_deleted_at is not None
    return obstacle(listed.campaign_status, listed.campaign_end_at, now, is_deleted=is_deleted)


def in_order(counts: Counter[Keeping]) -> dict[Keeping, int]:
    """Return how many came to what, in the order in which it is told, and nothing of none."""
    return {each: counts[each] for each in KEEPINGS if counts[each]}


def _promised(listed: Listed) -> tuple[Instant, str]:
    return promised_at(listed.reservation), listed.reservation.id


def _held(listed: Listed, now: Instant) -> str:
    """Return what its campaign is, where that keeps a reservation from being dialed; or ""."""
    if (listed.reservation.kind, listed.reservation.state) != ("automatic", "waiting"):
        return ""
    found = campaign_obstacle(listed, now)
    return {"draft": "a draft", None: ""}.get(found, found or "")


def _why(listed: Listed, keeping: Keeping, held: str) -> str:
    """Return why a promise was not kept, or not yet; nothing of one that was."""
    reservation = listed.reservation
    if keeping == "unknown":
        return reservation.verdict or "it may have been called, and no word came"
    if keeping not in ("late", "broken"):
        return ""
    return reservation.verdict or _why_not_called(listed, held)


def _cause(reservation: Reservation, keeping: Keeping, held: str) -> str:
    """Return the same in a word: a rule of the dialer's, what the campaign is, or one of ours."""
    if keeping == "unknown":
        return "settled" if reservation.held_by == Settle.what else "no_word"
    if keeping not in ("late", "broken"):
        return ""
    if reservation.state == "done":
        return "refused"
    if held or reservation.held_by:
        is_over = reservation.state == "expired" and reservation.held_by not in _GIVEN_UP
        return held.removeprefix("a ") or f"{'was_' * is_over}{reservation.held_by}"
    if reservation.kind == "automatic":
        return "not_looked_at"
    return "agent" if reservation.agent else "nobody"


def _why_not_called(listed: Listed, held: str) -> str:
    reservation = listed.reservation
    if reservation.state == "done":
        return "the line refused the call, nothing was dialed"
    if held:
        return f"campaign {reservation.campaign_id} is {held}"
    if reservation.kind == "automatic":
        return "no dialer has looked at it"
    agent = listed.agent_name or reservation.agent
    return f"agent {agent} has not called yet" if agent else "no agent has it"
