"""The listener: from the line's events to what is on record, each word for its own attempt only."""

from callkeeper.core.attempt import says_unanswered
from callkeeper.core.refusal import Refusal
from callkeeper.dialer.line import Answered, Ended, LineEvent, Ringing
from callkeeper.dialer.roster import Held
from callkeeper.dialer.shift import Shift
from callkeeper.store.ledger import Progress

# How many events one step takes: what a crash loses of the line's words at the most.
MOST = 512


class Listener:
    """Takes what the line tells. A word that comes twice, or late, changes nothing."""

    def __init__(self, shift: Shift) -> None:
        self._shift = shift

    async def step(self, now: int) -> int:
        """Put down what was heard; return how many events there were."""
        events = self._shift.line.take(MOST)
        for event in events:
            held = self._shift.roster.get(event.attempt_id)
            if held is None:
                self._shift.roster.keep_stray(event, now)
            else:
                self.hear(held, event, now)
        await self.write()
        return len(events)

    def hear(self, held: Held, event: LineEvent, at: int) -> None:
        """Take one word on an attempt of ours, that came at an instant."""
        shift, attempt = self._shift, held.attempt
        held.missing_since = None
        match event:
            case Ringing():
                shift.hear(attempt, ringing=at)
                held.knows(state="placed", ringing_at=attempt.ringing_at or at)
            case Answered():
                shift.hear(attempt, answered=at)
                shift.meter.answered.inc(attempt.answered_at is None)
                held.knows(state="placed", answered_at=attempt.answered_at or at)
            case Ended(hangup=hangup) if self._is_certain(held, event):
                shift.over(attempt, hangup, at=at)
            case Ended(hangup=hangup):
                why = f"ended with cause {hangup.cause}, and whether it was answered was not heard"
                shift.over(attempt, "silence", why, at=at)

    async def write(self) -> None:
        """Write what was heard: how it goes on, and how it ended."""
        words = self._shift.words_on_the_living()
        if words:
            await self._note(words)
        await self._shift.write_endings()

    def _is_certain(self, held: Held, end: Ended) -> bool:
        """Whether the end tells what came of the call.

        An answered call ends in good order, just as one that the far end let go unanswered: where
        the word in between may have been lost, to believe the latter would be to dial again.
        """
        if says_unanswered(end.hangup) or held.heard_since == self._shift.line.gaps:
            return True
        return held.attempt.answered_at is not None

    async def _note(self, words: list[Progress]) -> None:
        heard = self._shift.words
        outcomes = await self._shift.desk.note_progress.many(words)
        for word, outcome in zip(words, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                raise outcome
            if heard.get(word.attempt_id) is word:  # otherwise more was heard meanwhile
                del heard[word.attempt_id]
