"""The dispatcher: claim what is due, put it on record, ask the line."""

import asyncio

from callkeeper.clock import new_attempt_id
from callkeeper.core.dialing.attempt_changes import Begun, Placing
from callkeeper.core.dialing.triage import Claim, Claimed
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.gate import Gate
from callkeeper.dialer.lease_keeper import LeaseKeeper
from callkeeper.dialer.originator import Originator, request_of
from callkeeper.dialer.reports import Reports

# How many attempts are claimed and not yet answered for by the line: what a crash would delay, or
# leave to be looked up.
BATCH = 256
# How often what is due is looked through although nothing can be dialed.
_SWEEP_MS = 2_000
# How long a step waits for the line's answers. Those that take longer are awaited beside it.
_PATIENCE_SECONDS = 0.2


class Dispatcher:
    """Turns due reservations into attempts: one step after another, the line's answers overlap."""

    def __init__(
        self, context: DialerContext, gate: Gate, lease: LeaseKeeper, reports: Reports
    ) -> None:
        self._context = context
        self._gate = gate
        self._lease = lease
        self._reports = reports
        self._originator = Originator(context, gate, lease, reports)
        self._asking: set[asyncio.Task[None]] = set()
        self._bug: BaseException | None = None
        self._swept_at: int | None = None  # in ticks
        self._finds_late = False

    async def step(self, now: Instant) -> bool:
        """Do what is due now, in UTC milliseconds; return whether to look again at once."""
        if self._bug is not None:
            raise self._bug
        if not await self._context.async_store.due.is_any(
            self._context.clock.doubt().earliest(now)
        ):
            await self._gate.rest()
            return False
        claimed = await self._claim()
        if claimed.attempts:
            begun = await self._begin(claimed)
            await self._ask_all(begun)
        return claimed.more

    async def settle(self) -> None:
        """Wait for every answer that the line still owes; each has its deadline."""
        while self._asking:
            await asyncio.wait(self._asking)

    async def _claim(self) -> Claimed:
        context, config, clock = self._context, self._context.config, self._context.clock
        # Without a line nothing is claimed; but what is too late still expires, and says so.
        can_dial = context.line.is_up and self._lease.stands
        asked = len(self._asking)
        most = await self._gate.capacity(BATCH - asked if can_dial else 0, asked)
        # What the line refused last is tried last: it may be those numbers, and not the line.
        last = self._gate.refused if most else frozenset()
        # Not when the step began: the database was asked since, and may have said otherwise.
        ticks, now = clock.ticks(), clock.now()
        claim = Claim(
            line=config.line,
            holder=config.name,
            at=now,
            ids=tuple(new_attempt_id(now) for _ in range(most)),
            calls_max=config.calls_max,
            per_second=config.calls_per_second,
            limits=config.limits,
            sweeps=bool(last) or self._finds_late or self._is_time_to_sweep(ticks),
            doubt=clock.doubt(),
            last=last,
            trouble=self._gate.trouble,
        )
        if claim.sweeps:
            self._swept_at = ticks
        claimed = await context.async_store.due.claim(claim)
        if most and not claimed.attempts:
            self._gate.had_none_to_try()
        # Where much is too late, the next step sweeps on.
        self._finds_late = claimed.more and claimed.given_up > 0
        context.metrics.claimed.inc(len(claimed.attempts))
        context.metrics.held.inc(claimed.held)
        context.metrics.given_up.inc(claimed.given_up)
        return claimed

    def _is_time_to_sweep(self, ticks: int) -> bool:
        return self._swept_at is None or ticks - self._swept_at >= _SWEEP_MS

    async def _begin(self, claimed: Claimed) -> list[Begun]:
        """Put on record that they are being placed, and leave out what must not be.

        If that fails, the claims stand until the reaper hands them back.
        """
        context = self._context
        # A claim may take its time, and the verdict is to be of now.
        ticks, now, doubt = context.clock.ticks(), context.clock.now(), context.clock.doubt()
        name, limits = context.config.name, context.config.limits
        placings = [
            Placing(each.vdn, each.reservation_id, each.id, name, now, limits, doubt)
            for each in claimed.attempts
        ]
        begun: list[Begun] = []
        outcomes = await context.async_store.attempts.begin.many(placings)
        for attempt, outcome in zip(claimed.attempts, outcomes, strict=True):
            if isinstance(outcome, Begun):
                call = context.live_calls.take_up(outcome.attempt, ticks, is_asked=True)
                call.heard_since = context.line.gaps
                begun.append(outcome)
            elif isinstance(outcome, DatabaseFailed):
                # It may be on record as begun; but the line was not asked, and will not be.
                self._reports.end(attempt, "down", outcome.sentence)
        return begun

    async def _ask_all(self, begun: list[Begun]) -> None:
        asking = {asyncio.create_task(self._ask(each)) for each in begun}
        self._asking |= asking
        for task in asking:
            task.add_done_callback(self._answered)
        if asking:
            await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._bug = task.exception()  # no refusal: those are taken where they come up

    async def _ask(self, begun: Begun) -> None:
        """Ask the line to make one call, which goes on where its campaign says."""
        goes_to = self._context.config.destinations.of(begun.goes_to)
        await self._originator.ask(begun, request_of(begun, goes_to))
