"""What the dialer counts, for Prometheus."""

from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.instants import Instant
from callkeeper.core.outcome import Outcome

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0)


class DialerMetrics:
    """The dialer's metrics, in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.due = Gauge(
            "callkeeper_due_reservations",
            "Reservations due to be judged by a dialer, counted up to 10,000.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.live = Gauge(
            "callkeeper_live_attempts",
            "Live attempts of this dispatcher.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.claimed = Counter("callkeeper_claimed", "Attempts claimed.", registry=registry)
        self.placed = Counter("callkeeper_placed", "Attempts the line accepted.", registry=registry)
        self.answered = Counter("callkeeper_answered", "Attempts answered.", registry=registry)
        self.held = Counter(
            "callkeeper_held", "Times a due reservation was held.", registry=registry
        )
        self.given_up = Counter(
            "callkeeper_given_up", "Due reservations closed without a call.", registry=registry
        )
        self._outcomes = Counter(
            "callkeeper_outcomes",
            "Attempts ended, by outcome; unknown outcomes need human review.",
            ["outcome"],
            registry=registry,
        )
        for outcome in get_args(Outcome):
            self._outcomes.labels(outcome)
        self._lateness = Histogram(
            "callkeeper_lateness_seconds",
            "Delay from a reservation's due time to the call request.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self.line_up = Gauge(
            "callkeeper_line_up",
            "1 while the line is reachable.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.line_refuses = Gauge(
            "callkeeper_line_refuses",
            "1 while the line refuses every call and only test calls are made.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._line_gaps = Counter(
            "callkeeper_line_gaps",
            "Times that events of the line may have been lost.",
            registry=registry,
        )
        self._gaps = 0
        self.clock_jumps = Counter(
            "callkeeper_clock_jumps",
            "Times a clock, the machine's or the database's, jumped by more than 2 seconds.",
            registry=registry,
        )

    @property
    def outcomes(self) -> dict[str, int]:
        """How many attempts this process ended how, of the outcomes that there were."""
        samples = (each for metric in self._outcomes.collect() for each in metric.samples)
        totals = (each for each in samples if each.name.endswith("_total") and each.value)
        return {each.labels["outcome"]: int(each.value) for each in totals}

    def note_gaps(self, gaps: int) -> None:
        """Count on to how many gaps there were until now."""
        self._line_gaps.inc(gaps - self._gaps)
        self._gaps = gaps

    def ended(self, attempt: Attempt) -> None:
        """Count an attempt's outcome."""
        self._outcomes.labels(attempt.outcome).inc()

    def late(self, attempt: Attempt, now: Instant) -> None:
        """Measure how late the line is asked."""
        self._lateness.observe(max(0, now - attempt.due_at) / 1000)
