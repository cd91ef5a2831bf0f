"""The originator: asks the line for the call of an attempt that is on record, and notes its answer.

Nothing is asked for by a verdict that is old, or once others may have judged what became of it.
"""

from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import Begun
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.gate import Gate
from callkeeper.dialer.lease_keeper import LeaseKeeper
from callkeeper.dialer.line.destinations import variables
from callkeeper.dialer.line.line import CallRequest, DialplanTarget, LineRefused, LineSilent
from callkeeper.dialer.reports import Reports

# How old the verdict may be by which the line is asked.
_FRESH_MS = 10_000


class Originator:
    """Asks the line, and tells the gate and the reports what it said."""

    def __init__(
        self, context: DialerContext, gate: Gate, lease: LeaseKeeper, reports: Reports
    ) -> None:
        self._context = context
        self._gate = gate
        self._lease = lease
        self._reports = reports

    async def ask(self, begun: Begun, request: CallRequest) -> None:
        """Ask the line to make one call, and put down what it said."""
        context, attempt = self._context, begun.attempt
        try:
            await self._ask_line(attempt, request)
            await self._reports.write_endings()
        except DatabaseFailed as failed:
            # The listener writes endings too.
            context.log.warning("progress_not_recorded", attempt=attempt.id, why=failed.sentence)
        finally:
            call = context.live_calls.get(attempt.id)
            if call is not None:
                call.is_asked = False
                call.looked_at = context.clock.ticks()

    async def _ask_line(self, attempt: Attempt, request: CallRequest) -> None:
        context = self._context
        if (too_late := self._too_late(attempt)) is not None:
            self._reports.end(attempt, "down", too_late)
            return
        if attempt.desk is None:  # what an agent asks for is never late
            context.metrics.late(attempt, context.clock.now())
        try:
            await context.line.place(request)
        except LineRefused as refused:
            self._reports.end(attempt, self._gate.refused_by(attempt, refused), str(refused))
        except LineSilent as silent:
            self._gate.heard_nothing(attempt, silent)
            context.log.warning("line_timed_out", attempt=attempt.id, why=str(silent))
        else:
            self._gate.took(attempt)
            context.metrics.placed.inc()
            # The listener writes it: where the phone rings at once, together with that.
            self._reports.hear(attempt, placed=context.clock.now())

    def _too_late(self, attempt: Attempt) -> str | None:
        """Say why not to ask: others may have judged what became of it, or the verdict is old."""
        ticks, call = self._context.clock.ticks(), self._context.live_calls.get(attempt.id)
        if not self._lease.stands:
            return "the dispatcher's lease ran out before the line was asked"
        if call is None or ticks - call.since > _FRESH_MS:
            return "it took too long to put on record that the line is asked"
        return None


def request_of(begun: Begun, goes_to: DialplanTarget | str) -> CallRequest:
    """Return what the line is to be asked for."""
    attempt = begun.attempt
    return CallRequest(
        attempt_id=attempt.id,
        called_no=attempt.called_no,
        caller_no=attempt.caller_no,
        alerting_seconds=attempt.alerting_seconds,
        goes_to=goes_to,
        variables=variables(begun.call_data),
    )
