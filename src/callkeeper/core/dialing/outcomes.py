"""What the line's words about an attempt amount to: an outcome, and a result code."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.instants import Instant
from callkeeper.core.outcome import ANSWERED_CODE, Outcome

# What the line itself says when it stops ringing, by its version: nothing, or "no answer".
_TIMEOUT_CAUSES = frozenset({0, 19})

# No reason, a redirection that is not followed, and a SIP status for which there is no cause.
_CAUSES_WITHOUT_REASON = frozenset({0, 23, 127})

# What a line says of a phone on which somebody talks.
BUSY_CAUSE = 17

# How far before its end a ring timeout may already be one: the line's clock is not ours.
_TIMEOUT_SLACK_MS = 1_000


class Finding(NamedTuple):
    """What evidence stands for: an outcome, and the CTI's code of it."""

    outcome: Outcome
    fail_code: str


# From evidence to outcome and result code. The causes are those that a real Asterisk gave for SIP
# answers (docs/operating.md, "Results"); the codes are cec_07_1139's and cec_07_0788's.
FINDINGS: Mapping[str, Finding] = {
    "answered": Finding("answered", ANSWERED_CODE),
    "cause 0": Finding("congestion", "00605"),  # it never rang: nobody there to ask
    "cause 1": Finding("wrong_number", "00538"),
    "cause 16": Finding("no_answer", "00601"),  # ended in good order before it was answered
    "cause 17": Finding("busy", "00537"),
    "cause 18": Finding("no_answer", "00603"),
    "cause 19": Finding("no_answer", "00603"),
    "cause 20": Finding("unreachable", "00549"),
    "cause 21": Finding("rejected", "00604"),
    "cause 22": Finding("number_changed", "00150"),
    "cause 23": Finding("congestion", "00605"),  # redirected before it rang, and not followed
    "cause 27": Finding("unreachable", "00549"),
    "cause 28": Finding("wrong_number", "00538"),
    "cause 34": Finding("congestion", "00605"),
    "cause 38": Finding("congestion", "00605"),
    "cause 42": Finding("congestion", "00605"),
    "sip 607": Finding("rejected", "00604"),  # unwanted: the called person says so
    "sip 608": Finding("rejected", "00604"),  # somebody on the way rejects it for them
    "ring timeout": Finding("no_answer", "01040"),
    "rang": Finding("no_answer", "00603"),  # and ended before its time, for no reason given
    "agent left": Finding("no_answer", "00601"),  # who asked for the call hung up before
    "other cause": Finding("failed", "00155"),
    "refused": Finding("refused", "34606"),
    "silence": Finding("unknown", "34608"),
}


class FailCodes(msgspec.Struct, frozen=True):
    """The table of findings, with the codes that an operator set by evidence (``cause 17``)."""

    changed: dict[str, str] = {}

    def of_end(
        self, attempt: Attempt, hangup: Hangup, now: Instant, *, is_all_heard: bool = True
    ) -> Finding:
        """Return what the end of a channel means for its attempt.

        Unless all was heard that the line told of it, it may have rung although nothing says so.
        """
        if attempt.answered_at is not None:
            return self.named("answered")
        rang = attempt.ringing_at is not None or not is_all_heard
        if hangup.cause in _TIMEOUT_CAUSES and time_is_over(attempt, now):
            return self.named("ring timeout" if rang else "cause 0")
        found = self.named(_evidence(hangup, rang=rang))
        cause = f"cause {hangup.cause}"
        code = self.changed.get(f"sip {hangup.sip_code}") or self.changed.get(cause)
        return found if code is None else found._replace(fail_code=code)

    def of_silence(self, attempt: Attempt) -> Finding:
        """Return what it means that a channel is gone and nothing was told of its end."""
        return self.named("silence" if attempt.answered_at is None else "answered")

    def named(self, evidence: str) -> Finding:
        """Return what a piece of evidence stands for."""
        found = FINDINGS[evidence]
        return found._replace(fail_code=self.changed.get(evidence, found.fail_code))


def time_is_over(attempt: Attempt, now: Instant) -> bool:
    """Whether the line had rung by now as long as it was to; at the end of its channel, it did."""
    if attempt.placing_at is None:
        return False
    return now - attempt.placing_at >= attempt.alerting_seconds * 1000 - _TIMEOUT_SLACK_MS


def _evidence(hangup: Hangup, *, rang: bool) -> str:
    """Return by which of the findings to judge an end that was no timeout."""
    sip, cause = f"sip {hangup.sip_code}", f"cause {hangup.cause}"
    if sip in FINDINGS:
        return sip
    if rang and hangup.cause in _CAUSES_WITHOUT_REASON:
        return "rang"
    return cause if cause in FINDINGS else "other cause"
