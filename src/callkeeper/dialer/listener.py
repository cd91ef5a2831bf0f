"""The listener: from the line's events to what is on record, each word for its own attempt only."""

from callkeeper.core.dialing.attempt_changes import Progress
from callkeeper.core.refusal import Refusal
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.line.line import Answered, Ended, LineEvent, Ringing
from callkeeper.dialer.live_calls import LiveCall

# How many events one step takes: what a crash loses of the line's words at the most.
MOST = 512


class Listener:
    """Takes what the line tells. A word that comes twice, or late, changes nothing."""

    def __init__(self, context: DialerContext) -> None:
        self._context = context

    async def step(self, now: int) -> int:
        """Put down what was heard; return how many events there were."""
        events, ticks = self._context.line.take(MOST), self._context.clock.ticks()
        for event in events:
            held = self._context.live_calls.get(event.attempt_id)
            if held is None:
                self._context.live_calls.keep_stray(event, now, ticks)
            else:
                self.hear(held, event, now, ticks)
        await self.write()
        return len(events)

    def hear(self, held: LiveCall, event: LineEvent, at: int, ticks: int) -> None:
        """Take one word on an attempt of ours, that came at an instant, which also is in ticks."""
        context, attempt = self._context, held.attempt
        held.missing_since = None
        match event:
            case Ringing():
                context.hear(attempt, ringing=at)
            case Answered():
                context.hear(attempt, answered=at)
                context.metrics.answered.inc(attempt.answered_at is None)
            case Ended():
                self._hear_end(held, event, at, ticks)

    async def write(self) -> None:
        """Write what was heard: how it goes on, and how it ended."""
        words = self._context.words_on_the_living()
        if words:
            await self._note(words)
        await self._context.write_endings()

    def _hear_end(self, held: LiveCall, end: Ended, at: int, ticks: int) -> None:
        """Take how it ended; that tells how it stood, if the word on that was lost.

        No cause would: an answered call too may end as busy, if the far end says so in its BYE.
        """
        if end.was == "up" and held.attempt.answered_at is None:
            self.hear(held, Answered(end.attempt_id), at, ticks)
        if end.was == "ringing" and held.attempt.ringing_at is None:
            self.hear(held, Ringing(end.attempt_id), at, ticks)
        has_all = held.has_all(self._context.line.gaps, ticks)
        self._context.over(held.attempt, end.hangup, at=at, is_all_heard=has_all)

    async def _note(self, words: list[Progress]) -> None:
        heard = self._context.words
        outcomes = await self._context.async_store.attempts.note_progress.many(words)
        for word, outcome in zip(words, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                raise outcome
            if heard.get(word.attempt_id) is word:  # otherwise more was heard meanwhile
                del heard[word.attempt_id]
