"""What the duties of one dispatcher share while it lives."""

from dataclasses import dataclass, field

import structlog
from structlog.typing import FilteringBoundLogger

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.desks import Desks
from callkeeper.dialer.line.line import Line
from callkeeper.dialer.live_calls import LiveCalls
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.dialer.timekeeper import OwnTime, Timekeeper


@dataclass(frozen=True, slots=True)
class DialerContext:
    """A dispatcher at work: who it is, and what its duties work with. Nothing in it is replaced.

    What one duty finds out and another asks for belongs to an object of its own: the gate, the
    lease keeper, the reports.
    """

    config: DialerConfig
    async_store: AsyncStore
    line: Line
    metrics: DialerMetrics
    clock: Timekeeper
    log: FilteringBoundLogger
    live_calls: LiveCalls = field(default_factory=LiveCalls)
    desks: Desks = field(default_factory=Desks)

    @classmethod
    def of(  # noqa: PLR0913 - all that it is made of, the last two by keyword
        cls,
        config: DialerConfig,
        async_store: AsyncStore,
        line: Line,
        metrics: DialerMetrics,
        clock: Clock,
        *,
        own_time: OwnTime | None = None,
        log: FilteringBoundLogger | None = None,
    ) -> "DialerContext":
        """Return the context of a dispatcher that begins.

        ``own_time`` asks for the database's own clock: the store does, unless somebody else is
        given. ``log`` is where it says what it does, unless given the process's.
        """
        logger: FilteringBoundLogger = structlog.get_logger() if log is None else log

        def leapt(by_ms: int) -> None:
            metrics.clock_jumps.inc()
            logger.warning("clock_jumped", seconds=by_ms / 1000)

        timekeeper = Timekeeper(clock, own_time or async_store.own_time, leapt)
        return cls(config, async_store, line, metrics, timekeeper, logger)
