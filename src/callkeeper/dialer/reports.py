"""Reports: what was heard of our attempts, and how they ended, until it is on record."""

import msgspec

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Ending, Evidence, Progress
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import DatabaseFailed, Refusal
from callkeeper.dialer.context import DialerContext


class Reports:
    """What is not on record yet. While the database is away nothing of it is forgotten."""

    def __init__(self, context: DialerContext) -> None:
        self._context = context
        # What was heard of attempts that go on.
        self._heard: dict[str, Progress] = {}
        # At most one for each attempt that we hold; the first word on how it ended counts.
        self._endings: dict[str, Ending] = {}
        self._being_written: set[str] = set()

    def hear(
        self,
        attempt: Attempt,
        *,
        placed: Instant | None = None,
        ringing: Instant | None = None,
        answered: Instant | None = None,
    ) -> None:
        """Note what the line told of an attempt that goes on, each with its instant."""
        word = self._heard.get(attempt.id)
        if word is None:
            word = Progress(attempt.vdn, attempt.reservation_id, attempt.id)
        word = word.at(placed=placed, ringing=ringing, answered=answered)
        self._heard[attempt.id] = word
        if call := self._context.live_calls.get(attempt.id):
            call.hears(word)

    def end(
        self,
        attempt: Attempt,
        evidence: Evidence,
        remark: str | None = None,
        *,
        at: Instant | None = None,
        is_all_heard: bool = True,
        has_agent_left: bool = False,
    ) -> None:
        """Note that an attempt is over, now or ``at``; only the first report of an end counts."""
        config, clock = self._context.config, self._context.clock
        ending = Ending(
            vdn=attempt.vdn,
            reservation_id=attempt.reservation_id,
            attempt_id=attempt.id,
            by=config.name,
            at=clock.now() if at is None else at,
            evidence=evidence,
            codes=config.codes,
            remark=remark,
            is_all_heard=is_all_heard,
            has_agent_left=has_agent_left,
        )
        self._endings.setdefault(attempt.id, ending)

    def has_ended(self, attempt_id: str) -> bool:
        """Whether an attempt is over whose end is not on record yet."""
        return attempt_id in self._endings

    async def write(self) -> None:
        """Put all of it on record: how attempts go on, and how they ended. Raise DatabaseFailed.

        What cannot be written of one keeps nothing else back: its VDN may be on another machine.
        """
        failed = await self._write_progress()
        await self.write_endings()
        if failed is not None:
            raise failed

    async def write_endings(self) -> None:
        """Put on record what ended; raise DatabaseFailed.

        All duties do so, often at once, and none writes again what another is just writing.
        """
        waiting = self._endings.keys() - self._being_written
        if not waiting:
            return
        endings = [
            # With the words before it, for it may get on record sooner than they.
            msgspec.structs.replace(each, heard=self._heard.get(id_))
            for id_, each in self._endings.items()
            if id_ in waiting
        ]
        self._being_written |= waiting
        try:
            outcomes = await self._context.async_store.attempts.end.many(endings)
        finally:
            self._being_written -= waiting
        failed: DatabaseFailed | None = None
        for ending, outcome in zip(endings, outcomes, strict=True):
            if isinstance(outcome, DatabaseFailed):
                failed = outcome
                continue
            self._forget(ending.attempt_id)
            if isinstance(outcome, Attempt):
                self._tell(outcome)
        if failed is not None:
            raise failed

    async def _write_progress(self) -> Refusal | None:
        """Write what was heard of attempts that go on; the others' goes with their ending.

        Return why some of it is not on record.
        """
        words = [word for id_, word in self._heard.items() if id_ not in self._endings]
        if not words:
            return None
        outcomes = await self._context.async_store.attempts.note_progress.many(words)
        failed: Refusal | None = None
        for word, outcome in zip(words, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                failed = outcome
            elif self._heard.get(word.attempt_id) is word:  # otherwise more was heard meanwhile
                del self._heard[word.attempt_id]
        return failed

    def _forget(self, attempt_id: str) -> None:
        self._endings.pop(attempt_id, None)
        self._heard.pop(attempt_id, None)
        self._context.live_calls.let_go(attempt_id)

    def _tell(self, attempt: Attempt) -> None:
        log = self._context.log
        self._context.metrics.ended(attempt)
        tell = log.warning if attempt.outcome == "unknown" else log.info
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
