"""The reaper: has the lease renewed, takes over from the dead, finds out what nobody told.

What was only claimed was surely not dialed, and waits again. What was being placed, or was placed,
is looked up at the line: there, it goes on; gone, it has the outcome that is known, or *unknown*.
It is never dialed again.
"""

import asyncio
from itertools import islice

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Adoption, HandBack
from callkeeper.core.dialing.desk_call import GONE
from callkeeper.core.dialing.lease import LEASE_MS, latest
from callkeeper.core.instants import Instant
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.lease_keeper import LeaseKeeper
from callkeeper.dialer.line.line import Answered, LineSilent, Ringing
from callkeeper.dialer.listener import Listener
from callkeeper.dialer.live_calls import LiveCall
from callkeeper.dialer.reports import Reports

# All that follows goes by ticks.

# How many attempts of the dead are taken over in one step.
_ORPHANS_MAX = 500
# How many of its own a dispatcher looks through.
_HELD_MAX = 10_000
# How often a call in progress is looked up although nothing is amiss.
_LOOK_AGAIN_MS = 30_000
# How soon a look-up that told nothing is made again.
_RETRY_MS = 1_000
# How long to wait for the hang-up event of a channel that is gone.
_WORD_MS = 5_000
# How long after the end of its ringing time a call may still be there, not answered and not ended.
_STUCK_MS = 60_000
# How many look-ups go on at once.
_LOOK_UPS_MAX = 64
# How many due reservations are counted for the metric.
_COUNTED_MAX = 10_000


class Reaper:
    """Puts right what a crash, a cut or a silence left."""

    def __init__(
        self, context: DialerContext, lease: LeaseKeeper, listener: Listener, reports: Reports
    ) -> None:
        self._context = context
        self._lease = lease
        self._listener = listener
        self._reports = reports
        self._recounted_at = context.clock.ticks()
        self._gaps = 0
        self._turns: int | None = None

    async def step(self, now: Instant) -> None:
        """Renew the lease if it is time, and look after what is silent; now is UTC milliseconds."""
        if self._lease.is_due:
            now = await self._lease.renew()
            await self._take_over(now)
            await self._measure(now)
            await self._wake(now)
        await self._look_after(now)

    async def _wake(self, now: Instant) -> None:
        """Once, and whenever another time is believed, mend what a clock wrote that was ahead."""
        turns = self._context.clock.turns
        if turns != self._turns:
            await self._context.async_store.due.wake_from_ahead(now)
            self._turns = turns

    async def _measure(self, now: Instant) -> None:
        context = self._context
        context.metrics.due.set(await context.async_store.due.count(now, _COUNTED_MAX))
        context.metrics.live.set(len(context.live_calls))
        context.metrics.note_gaps(context.line.gaps)

    async def _take_over(self, now: Instant) -> None:
        context, config = self._context, self._context.config
        orphans = await context.async_store.attempts.orphaned(
            config.line, now, now - LEASE_MS, _ORPHANS_MAX
        )
        claims = [each for each in orphans if each.state == "claimed"]
        if claims:
            handed_back = await context.async_store.attempts.hand_back.many(
                [_hand_back(each, now) for each in claims]
            )
            for each, is_back in zip(claims, handed_back, strict=True):
                if is_back is not False:  # or whoever claimed it has begun it just now
                    self._end_desk(each)
        await self._adopt([each for each in orphans if each.state != "claimed"])
        ticks = context.clock.ticks()
        if ticks - self._recounted_at >= _LOOK_AGAIN_MS:
            self._recounted_at = ticks
            await self._recount(now)

    def _end_desk(self, attempt: Attempt) -> None:
        """Have the phone hung up that may ring for a claim nobody answers for any more."""
        context = self._context
        if attempt.desk is not None and context.desks.get(attempt.id) is None:
            context.desks.take_up(attempt, "over", context.clock.ticks())

    async def _recount(self, now: Instant) -> None:
        """Take up what is ours on record and not in hand: a commit whose answer was lost."""
        context, config = self._context, self._context.config
        for attempt in await context.async_store.attempts.held(config.line, config.name, _HELD_MAX):
            is_old = not now - LEASE_MS < attempt.claimed_at <= latest(now)
            if is_old and attempt.state != "claimed" and context.live_calls.get(attempt.id) is None:
                self._take_up(attempt)
        await self._reports.write()

    async def _adopt(self, orphans: list[Attempt]) -> None:
        context, name = self._context, self._context.config.name
        adoptions = [
            Adoption(each.vdn, each.reservation_id, each.id, each.holder, name) for each in orphans
        ]
        attempts = context.async_store.attempts
        for adopted in await attempts.adopt.many(adoptions) if adoptions else []:
            if not isinstance(adopted, Attempt):
                continue  # somebody was faster
            context.log.info(
                "attempt_adopted", attempt=adopted.id, reservation=adopted.reservation_id
            )
            self._take_up(adopted)
        await self._reports.write()

    def _take_up(self, attempt: Attempt) -> None:
        """Answer for an attempt that was not in hand, and for what was heard of it meanwhile."""
        live_calls = self._context.live_calls
        now, ticks = self._context.clock.now(), self._context.clock.ticks()
        begun_ago = max(0, now - (attempt.placing_at or attempt.claimed_at))
        call = live_calls.take_up(attempt, ticks - begun_ago, is_asked=False)
        if attempt.desk is not None and self._context.desks.get(attempt.id) is None:
            self._context.desks.take_up(attempt, "placed", ticks)
        self._suspect(call)
        for heard_at, event in live_calls.strays_of(attempt.id):
            self._listener.hear(call, event, *heard_at)

    def _suspect(self, call: LiveCall) -> None:
        call.looked_at = self._context.clock.ticks() - _LOOK_AGAIN_MS

    async def _look_after(self, now: Instant) -> None:
        """Look up at the line what has been silent, and all of it after a gap in its words."""
        context = self._context
        if not context.line.is_up:
            return
        if context.line.gaps != self._gaps:
            self._gaps = context.line.gaps
            for call in context.live_calls:
                self._suspect(call)
        silent = (each for each in context.live_calls if self._is_silent(each))
        await asyncio.gather(*(self._look_up(each, now) for each in islice(silent, _LOOK_UPS_MAX)))
        await self._reports.write()

    def _is_silent(self, call: LiveCall) -> bool:
        wait = _LOOK_AGAIN_MS if call.missing_since is None else _WORD_MS
        ticks = self._context.clock.ticks()
        is_last_look = not call.attempt.is_heard and call.looked_at < call.last_look_at <= ticks
        return not call.is_asked and (is_last_look or ticks - call.looked_at >= wait)

    async def _look_up(self, call: LiveCall, now: Instant) -> None:
        context, attempt = self._context, call.attempt
        gaps = context.line.gaps
        try:
            state = await context.line.find(attempt.id)
        except LineSilent:
            call.looked_at = context.clock.ticks() - _LOOK_AGAIN_MS + _RETRY_MS
            return
        call.looked_at = ticks = context.clock.ticks()
        if state == "gone":
            self._miss(call, ticks)
            return
        call.missing_since, call.seen_at = None, ticks
        if state != "up" and ticks > call.rings_until + _STUCK_MS:
            self._reports.end(attempt, "silence", "neither answered nor ended, long after its time")
            return
        call.heard_since = gaps
        if state == "up" and attempt.answered_at is None:
            self._listener.hear(call, Answered(attempt.id), now, ticks)
        elif state == "ringing" and attempt.ringing_at is None:
            self._listener.hear(call, Ringing(attempt.id), now, ticks)

    def _miss(self, call: LiveCall, ticks: int) -> None:
        """Note that a call is gone; it is over once the word on how it ended had time to come."""
        if call.missing_since is None:
            call.missing_since = ticks
        elif ticks - call.missing_since >= _WORD_MS:
            self._reports.end(call.attempt, "silence", "gone from the line without a word")


def _hand_back(attempt: Attempt, now: Instant) -> HandBack:
    why = GONE if attempt.desk is not None else None
    return HandBack(attempt.vdn, attempt.reservation_id, attempt.id, now, why)
