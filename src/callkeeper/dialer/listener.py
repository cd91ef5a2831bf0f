"""The listener: from the line's events to what is on record, each word for its own attempt only."""

from callkeeper.core.dialing.desk_call import AGENT_LEFT
from callkeeper.core.instants import Instant
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.line.line import (
    Answered,
    DeskAnswered,
    DeskEnded,
    Ended,
    LineEvent,
    Ringing,
)
from callkeeper.dialer.live_calls import LiveCall
from callkeeper.dialer.reports import Reports

# How many events one step takes: what a crash loses of the line's words at the most.
MOST = 512


class Listener:
    """Takes what the line tells. A word that comes twice, or late, changes nothing."""

    def __init__(self, context: DialerContext, reports: Reports) -> None:
        self._context = context
        self._reports = reports

    async def step(self, now: Instant) -> int:
        """Put down what was heard by now, in UTC milliseconds; return how many events it was."""
        events, ticks = self._context.line.take(MOST), self._context.clock.ticks()
        for event in events:
            if isinstance(event, DeskAnswered | DeskEnded):
                self._hear_desk(event)
                continue
            call = self._context.live_calls.get(event.attempt_id)
            if call is None:
                self._context.live_calls.keep_stray(event, now, ticks)
            else:
                self.hear(call, event, now, ticks)
        await self._reports.write()
        return len(events)

    def _hear_desk(self, event: DeskAnswered | DeskEnded) -> None:
        """Take a word on an agent's phone; that of another dispatcher's is looked up instead."""
        desk = self._context.desks.get(event.attempt_id)
        if desk is not None:
            desk.hear(event)

    def hear(self, call: LiveCall, event: LineEvent, at: Instant, ticks: int) -> None:
        """Take one word on an attempt of ours; when it came is given in ticks, too."""
        reports, attempt = self._reports, call.attempt
        call.missing_since = None
        match event:
            case Ringing():
                reports.hear(attempt, ringing=at)
            case Answered():
                reports.hear(attempt, answered=at)
                self._context.metrics.answered.inc(attempt.answered_at is None)
            case Ended():
                self._hear_end(call, event, at, ticks)

    def _hear_end(self, call: LiveCall, end: Ended, at: Instant, ticks: int) -> None:
        """Take how it ended; that tells how it stood, if the word on that was lost.

        No cause would: an answered call too may end as busy, if the far end says so in its BYE.
        """
        if end.was == "up" and call.attempt.answered_at is None:
            self.hear(call, Answered(end.attempt_id), at, ticks)
        if end.was == "ringing" and call.attempt.ringing_at is None:
            self.hear(call, Ringing(end.attempt_id), at, ticks)
        has_all = call.has_all(self._context.line.gaps, ticks)
        self._reports.end(
            call.attempt,
            end.hangup,
            AGENT_LEFT if call.has_agent_left else None,
            at=at,
            is_all_heard=has_all,
            has_agent_left=call.has_agent_left,
        )
