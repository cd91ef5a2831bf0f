"""Desk calls: an agent's phone first, and the customer's only once the agent has answered.

The agent's answer is put on record as *placing* before the customer is rung, and the dialplan joins
the two, so a call needs nobody of ours while it goes on. While the customer's phone rings the
agent's is watched: when it is hung up, so is the customer's.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from callkeeper.core.dialing.attempt import NOBODY, Attempt
from callkeeper.core.dialing.attempt_changes import Begun, HandBack, Placing
from callkeeper.core.dialing.desk_call import (
    DESK_SECONDS,
    ENDS,
    HUNG_UP,
    IS_BUSY,
    NO_WORD,
    NOT_ANSWERED,
    STOPPED,
    DeskClaim,
)
from callkeeper.core.dialing.outcomes import BUSY_CAUSE
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.desks import Desk
from callkeeper.dialer.gate import Gate
from callkeeper.dialer.lease_keeper import LeaseKeeper
from callkeeper.dialer.line.line import DeskRequest, LineRefused, LineSilent, desk_channel
from callkeeper.dialer.originator import Originator, request_of
from callkeeper.dialer.reports import Reports

# How many of a line's desk calls are looked at in one step.
_LIVE_MAX = 1_000
# How often a phone is looked up, or hung up, although nothing was told of it.
_AGAIN_MS = 1_000
# How long after its ringing time a phone may still be there, neither answered nor ended.
_STUCK_MS = 5_000
# How long a phone is hung up again and again that the line says nothing of.
_GIVE_UP_MS = 60_000
# How long a step waits for the line's answers. Those that take longer are awaited beside it.
_PATIENCE_SECONDS = 0.2


class DeskCaller:
    """Rings agents, then customers: one step after another, the line's answers overlap."""

    def __init__(
        self, context: DialerContext, gate: Gate, lease: LeaseKeeper, reports: Reports
    ) -> None:
        self._context = context
        self._gate = gate
        self._lease = lease
        self._reports = reports
        self._originator = Originator(context, gate, lease, reports)
        self._asking: set[asyncio.Task[None]] = set()
        self._backs: dict[str, HandBack] = {}  # not on record yet
        self._bug: BaseException | None = None

    async def step(self, _now: Instant) -> bool:
        """Do what is to be done now; return whether to look again at once: never.

        Phones are attended to while the database is away, too: an agent may hang up meanwhile.
        """
        if self._bug is not None:
            raise self._bug
        away: DatabaseFailed | None = None
        try:
            await self._read()
        except DatabaseFailed as failed:
            away = failed
        asking = {task for desk in self._context.desks if (task := self._attend(desk)) is not None}
        if asking:
            await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)
        if away is not None:
            raise away
        await self._give_back()
        return False

    async def settle(self) -> None:
        """Let no phone ring that nobody would answer for; the others' calls go on."""
        while self._asking:
            await asyncio.wait(self._asking)
        for desk in self._context.desks:
            if desk.stage in ("taken", "ringing"):
                self._withdraw(desk, ENDS)
            if desk.stage == "over":
                self._attend_over(desk)
        if self._asking:
            await asyncio.wait(self._asking)
        await self._give_back()

    async def _read(self) -> None:
        """Read what is asked of this line, and take what nobody has; raise DatabaseFailed."""
        context = self._context
        live = await context.async_store.desk_calls.live(context.config.line, _LIVE_MAX)
        for attempt in live:
            self._note(attempt)
        if any(each.holder == NOBODY for each in live):
            await self._take()

    def _note(self, attempt: Attempt) -> None:
        """Take note of what stands on record of a call, if it is ours."""
        context, desk = self._context, self._context.desks.get(attempt.id)
        if desk is not None:
            desk.stops = desk.stops or attempt.hang_up_at is not None
        elif (
            attempt.holder == context.config.name
            and attempt.state == "claimed"
            and attempt.id not in self._backs
        ):
            # The answer was lost that we took it.
            context.desks.take_up(attempt, "taken", context.clock.ticks())

    async def _take(self) -> None:
        context, config, now = self._context, self._context.config, self._context.clock.now()
        if not self._lease.stands:
            return
        trouble = self._gate.trouble
        if not context.line.is_up:
            trouble = f"line {config.line} is down"
        claim = DeskClaim(
            line=config.line,
            holder=config.name,
            at=now,
            calls_max=config.calls_max,
            per_second=config.calls_per_second,
            limits=config.limits,
            trouble=trouble,
        )
        found = await context.async_store.desk_calls.take(claim)
        context.metrics.claimed.inc(len(found.taken))
        for attempt in found.taken:
            self._note(attempt)

    def _attend(self, desk: Desk) -> asyncio.Task[None] | None:
        """Begin what a phone needs now, unless that is being done."""
        if desk.is_asked:
            return None
        match desk.stage:
            case "taken":
                return self._begin(desk, self._ring(desk))
            case "ringing":
                return self._attend_ringing(desk)
            case "placed":
                return self._attend_placed(desk)
            case "over":
                return self._attend_over(desk)

    def _attend_ringing(self, desk: Desk) -> asyncio.Task[None] | None:
        ticks = self._context.clock.ticks()
        if desk.stops:
            self._withdraw(desk, STOPPED)
        elif desk.is_gone:
            self._withdraw(desk, _why_ended(desk))
        elif desk.is_up:
            return self._begin(desk, self._place(desk))
        elif ticks - desk.since > DESK_SECONDS * 1000 + _STUCK_MS:
            self._withdraw(desk, NOT_ANSWERED)
        elif _is_time(desk.looked_at, ticks):
            return self._begin(desk, self._look_up(desk))
        return None

    def _attend_placed(self, desk: Desk) -> asyncio.Task[None] | None:
        """See to it that no customer's phone rings for an agent who is gone."""
        call = self._context.live_calls.get(desk.attempt.id)
        if call is None or self._reports.has_ended(desk.attempt.id):
            desk.enter("over", self._context.clock.ticks())
            return self._attend_over(desk)
        if call.is_asked:
            return None
        ticks, is_answered = self._context.clock.ticks(), call.attempt.answered_at is not None
        if desk.stops or (desk.is_gone and not is_answered):
            call.has_agent_left = not is_answered
            if _is_time(desk.acted_at, ticks):
                return self._begin(desk, self._hang_up(desk, desk.attempt.id))
        elif not is_answered and _is_time(desk.looked_at, ticks):
            return self._begin(desk, self._look_up(desk))
        return None

    def _attend_over(self, desk: Desk) -> asyncio.Task[None] | None:
        ticks = self._context.clock.ticks()
        if desk.is_gone or ticks - desk.since > _GIVE_UP_MS:
            self._context.desks.let_go(desk.attempt.id)
            return None
        if not _is_time(desk.acted_at, ticks):
            return None
        return self._begin(desk, self._hang_up(desk, desk_channel(desk.attempt.id)))

    def _begin(self, desk: Desk, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        desk.is_asked = True
        task = asyncio.create_task(work)
        self._asking.add(task)

        def done(task: asyncio.Task[None]) -> None:
            desk.is_asked = False
            self._asking.discard(task)
            if not task.cancelled() and task.exception() is not None:
                self._bug = task.exception()  # no refusal: those are taken where they come up

        task.add_done_callback(done)
        return task

    async def _ring(self, desk: Desk) -> None:
        context, attempt = self._context, desk.attempt
        if not self._lease.stands:
            self._withdraw(desk, ENDS)
            return
        shown_no = attempt.desk_shows or attempt.called_no
        request = DeskRequest(attempt.id, attempt.desk or "", shown_no, DESK_SECONDS)
        desk.enter("ringing", context.clock.ticks())
        try:
            await context.line.ring_desk(request)
        except LineRefused as refused:
            desk.is_gone = True
            self._withdraw(desk, f"the line cannot ring {attempt.desk}: {refused}")
        except LineSilent:
            self._withdraw(desk, NO_WORD)
        else:
            # What happened before its events were subscribed to.
            await self._look_up(desk)

    async def _look_up(self, desk: Desk) -> None:
        desk.looked_at = self._context.clock.ticks()
        try:
            state = await self._context.line.find(desk_channel(desk.attempt.id))
        except LineSilent:
            return
        if state == "gone":
            desk.is_gone = True
        elif state == "up":
            desk.is_up = True

    async def _place(self, desk: Desk) -> None:
        """Put on record that the customer is rung now, and only then do so."""
        context, attempt = self._context, desk.attempt
        clock, config = context.clock, context.config
        ticks = clock.ticks()
        placing = Placing(
            attempt.vdn,
            attempt.reservation_id,
            attempt.id,
            config.name,
            clock.now(),
            config.limits,
            clock.doubt(),
        )
        (outcome,) = await context.async_store.attempts.begin.many([placing])
        if isinstance(outcome, DatabaseFailed):
            # It may be on record as begun; but the line was not asked, and will not be.
            self._reports.end(attempt, "down", outcome.sentence)
            self._withdraw(desk, outcome.sentence)
            return
        if not isinstance(outcome, Begun):
            desk.enter("over", clock.ticks())
            return
        call = context.live_calls.take_up(outcome.attempt, ticks, is_asked=True)
        call.heard_since = context.line.gaps
        desk.attempt = outcome.attempt
        desk.enter("placed", clock.ticks())
        if desk.is_gone or desk.stops:
            self._reports.end(outcome.attempt, "down", STOPPED if desk.stops else HUNG_UP)
            call.is_asked = False
            return
        goes_to = config.destinations.of(outcome.goes_to)
        request = context.line.joined(request_of(outcome, goes_to))
        await self._originator.ask(outcome, request)

    async def _hang_up(self, desk: Desk, channel_id: str) -> None:
        """End a channel; what the line tells of that comes as of any other end."""
        desk.acted_at = self._context.clock.ticks()
        try:
            await self._context.line.hang_up(channel_id)
        except LineSilent as silent:
            self._context.log.warning("line_timed_out", attempt=desk.attempt.id, why=str(silent))
            return
        if channel_id != desk.attempt.id:
            desk.is_gone = True

    def _withdraw(self, desk: Desk, why: str) -> None:
        """Give the call back to its agent, who is told why; their phone is hung up."""
        attempt: Attempt = desk.attempt
        desk.enter("over", self._context.clock.ticks())
        back = HandBack(
            attempt.vdn, attempt.reservation_id, attempt.id, self._context.clock.now(), why
        )
        self._backs.setdefault(attempt.id, back)

    async def _give_back(self) -> None:
        """Put on record what was withdrawn; raise DatabaseFailed, and forget nothing of it."""
        backs = list(self._backs.values())
        if not backs:
            return
        outcomes = await self._context.async_store.attempts.hand_back.many(backs)
        failed: DatabaseFailed | None = None
        for back, outcome in zip(backs, outcomes, strict=True):
            if isinstance(outcome, DatabaseFailed):
                failed = outcome
                continue
            del self._backs[back.attempt_id]
            if outcome is True:
                self._context.log.info(
                    "desk_call_not_placed", attempt=back.attempt_id, vdn=back.vdn, why=back.why
                )
        if failed is not None:
            raise failed


def _is_time(last: int | None, ticks: int) -> bool:
    """Whether it is time to ask the line once more."""
    return last is None or ticks - last >= _AGAIN_MS


def _why_ended(desk: Desk) -> str:
    """Return what it means that a phone's channel is gone before the customer was rung."""
    if desk.is_up:
        return HUNG_UP
    if desk.ended is not None and desk.ended.hangup.cause == BUSY_CAUSE:
        return IS_BUSY
    return NOT_ANSWERED
