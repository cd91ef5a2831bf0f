"""What the duties of one dispatcher share while it lives; and the one way in which attempts end."""

import msgspec
import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Ending, Evidence, Progress
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.config import DialerConfig
from callkeeper.dialer.line.line import Line
from callkeeper.dialer.live_calls import LiveCalls
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.dialer.timekeeper import OwnTime, Timekeeper


class DialerContext:
    """A dispatcher at work. ``lease_until``, in ticks, is how long it answers for what it holds.

    ``trouble`` is why the line refuses every call, although it can be asked; None: it does not.
    ``own_time`` asks for the database's own clock: the store does, unless somebody else is given.
    """

    def __init__(
        self,
        config: DialerConfig,
        async_store: AsyncStore,
        line: Line,
        metrics: DialerMetrics,
        clock: Clock,
        *,
        own_time: OwnTime | None = None,
    ) -> None:
        self.config = config
        self.async_store = async_store
        self.line = line
        self.metrics = metrics
        self.clock = Timekeeper(clock, own_time or async_store.own_time, self._clock_leapt)
        self.live_calls = LiveCalls()
        self.lease_until = 0
        self.placed = 0
        self.trouble: str | None = None
        self.log = structlog.get_logger()
        # What was heard of attempts that go on, until it is on record.
        self.words: dict[str, Progress] = {}
        # At most one for each attempt that we hold; the first word on how it ended counts.
        self._endings: dict[str, Ending] = {}
        self._being_written: set[str] = set()

    def hear(
        self,
        attempt: Attempt,
        *,
        placed: int | None = None,
        ringing: int | None = None,
        answered: int | None = None,
    ) -> None:
        """Note what the line told of an attempt that goes on; the listener puts it on record."""
        word = self.words.get(attempt.id)
        if word is None:
            word = Progress(attempt.vdn, attempt.reservation_id, attempt.id)
        self.words[attempt.id] = word = word.at(placed=placed, ringing=ringing, answered=answered)
        if held := self.live_calls.get(attempt.id):
            held.hears(word)

    def over(
        self,
        attempt: Attempt,
        evidence: Evidence,
        remark: str | None = None,
        *,
        at: int | None = None,
        is_all_heard: bool = True,
    ) -> None:
        """Note that an attempt is over, now or ``at``; ``write_endings`` puts it on record."""
        ending = Ending(
            vdn=attempt.vdn,
            reservation_id=attempt.reservation_id,
            attempt_id=attempt.id,
            by=self.config.name,
            at=self.clock.now() if at is None else at,
            evidence=evidence,
            codes=self.config.codes,
            remark=remark,
            is_all_heard=is_all_heard,
        )
        self._endings.setdefault(attempt.id, ending)

    def words_on_the_living(self) -> list[Progress]:
        """Return what was heard of attempts that go on; the others' goes with their ending."""
        return [word for id_, word in self.words.items() if id_ not in self._endings]

    async def write_endings(self) -> int:
        """Put on record what ended. While the database is away nothing of it is forgotten.

        All duties do so, often at once, and none writes again what another is just writing.
        """
        waiting = self._endings.keys() - self._being_written
        if not waiting:
            return 0
        endings = [
            # With the words before it, for it may get on record sooner than they.
            msgspec.structs.replace(each, heard=self.words.get(id_))
            for id_, each in self._endings.items()
            if id_ in waiting
        ]
        self._being_written |= waiting
        try:
            outcomes = await self.async_store.attempts.end.many(endings)
        finally:
            self._being_written -= waiting
        failed: DatabaseFailed | None = None
        for ending, outcome in zip(endings, outcomes, strict=True):
            if isinstance(outcome, DatabaseFailed):
                failed = outcome
                continue
            self._endings.pop(ending.attempt_id, None)
            self.words.pop(ending.attempt_id, None)
            self.live_calls.let_go(ending.attempt_id)
            if isinstance(outcome, Attempt):
                self._tell(outcome)
        if failed is not None:
            raise failed
        return len(endings)

    def _clock_leapt(self, by_ms: int) -> None:
        self.metrics.clock_jumps.inc()
        self.log.warning("clock_jumped", seconds=by_ms / 1000)

    def _tell(self, attempt: Attempt) -> None:
        self.metrics.ended(attempt)
        tell = self.log.warning if attempt.outcome == "unknown" else self.log.info
        tell(
            "attempt_ended",
            attempt=attempt.id,
            reservation=attempt.reservation_id,
            vdn=attempt.vdn,
            outcome=attempt.outcome,
            code=attempt.fail_code,
            cause=attempt.cause,
            why=attempt.cause_text,
        )
