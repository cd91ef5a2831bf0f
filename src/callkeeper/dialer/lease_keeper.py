"""The lease keeper: says on record that this dispatcher lives, and knows how long it answers."""

from callkeeper.core.dialing.lease import LEASE_MS, Lease
from callkeeper.core.instants import Instant
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.gate import Gate

# A dispatcher says that it lives every RENEW_MS; after LEASE_MS of silence others take over. Both
# go by ticks.
RENEW_MS = 3_000


class LeaseKeeper:
    """Keeps the lease by which this dispatcher answers for what it holds; there is none at first.

    Each renewal also records the state of the line and its bounds, how many calls a second it took
    lately, and how calls ended.
    """

    def __init__(self, context: DialerContext, gate: Gate) -> None:
        self._context = context
        self._gate = gate
        self._begun_at = context.clock.now()
        self._until = 0  # in ticks
        self._renewed_at: int | None = None  # in ticks; None: never
        self._leaps = 0  # how often clocks had been set by then
        self._counted_at = context.clock.ticks()
        self._taken = 0  # how many calls the line had taken by then
        self._down_at: Instant | None = None  # since when a renewal finds the line down

    @property
    def stands(self) -> bool:
        """Whether others leave alone what this dispatcher holds: it may ask the line."""
        return self._context.clock.ticks() < self._until

    @property
    def is_due(self) -> bool:
        """Whether it is time to renew; a clock that was set makes it so at once."""
        clock = self._context.clock
        if self._renewed_at is None or clock.leaps != self._leaps:
            return True
        return clock.ticks() - self._renewed_at >= RENEW_MS

    async def renew(self) -> Instant:
        """Ask the database for the time, and answer for LEASE_MS from then; return the instant.

        It is in UTC milliseconds. Raise DatabaseFailed; the old lease stands then.
        """
        clock = self._context.clock
        leaps = clock.leaps
        await clock.ask_database()
        now = clock.now()
        await self._answer(now, now + LEASE_MS)
        self._leaps = leaps
        return now

    async def end(self) -> None:
        """Answer for nothing any more, so that others need not wait. Raise DatabaseFailed."""
        now = self._context.clock.now()
        await self._answer(now, now)

    async def _answer(self, now: Instant, until: Instant) -> None:
        """Say that we live, and answer for what we hold until an instant."""
        context, ticks, taken = self._context, self._context.clock.ticks(), self._gate.taken
        seconds = (ticks - self._counted_at) / 1000
        config, line = context.config, context.line
        self._down_at = None if line.is_up else self._down_at or now
        lease = Lease(
            name=config.name,
            line=config.line,
            begun_at=self._begun_at,
            said_at=now,
            lease_until=until,
            is_up=line.is_up,
            trouble=self._gate.trouble,
            per_second=(taken - self._taken) / seconds if seconds > 0 else 0.0,
            calls_max=config.calls_max,
            calls_per_second_max=config.calls_per_second,
            outcomes=context.metrics.outcomes,
            down_at=self._down_at,
            down_why=line.why_down,
        )
        await context.async_store.leases.renew(lease)
        context.metrics.line_up.set(lease.is_up)
        context.metrics.line_refuses.set(lease.trouble is not None)
        self._until = ticks + until - now
        self._renewed_at = self._counted_at = ticks
        self._taken = taken
