"""What became of a promise: whether the call was made when the customer was told.

waiting        its time is to come; or it was tried, and is tried again
late           its time has passed, by no more than the grace, and nobody has called
broken         the same by more than the grace, or it expired, or nothing was dialed after all
calling        it is just being called
kept           it was called, or its result on record, no later than the grace after its time
kept_late      it was called later than that
kept_sometime  it was called, and its result tells no begin and was changed later than that
unknown        it may have been called, and no word ever came; no person has said more since
cancelled      the customer no longer wanted it

Whether anybody answered is another question, which ``answer`` tells. A promise that is broken is
mended by a result: it then was kept, if late. Instants are UTC milliseconds.
"""

from typing import Literal, Protocol, get_args

import msgspec

from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import UNKEPT
from callkeeper.core.reservations.result_codes import is_success

Keeping = Literal[
    "waiting",
    "late",
    "broken",
    "calling",
    "kept",
    "kept_late",
    "kept_sometime",
    "unknown",
    "cancelled",
]
Answer = Literal["answered", "not_answered", "not_told"]
_MISSED = ("late", "broken")
KEEPINGS: tuple[Keeping, ...] = get_args(Keeping)
KEPT: tuple[Keeping, ...] = ("kept", "kept_late", "kept_sometime")
ANSWERS: tuple[Answer, ...] = get_args(Answer)


class Promised(Protocol):
    """What of a reservation tells how it was kept."""

    @property
    def state(self) -> str:
        """Its state."""

    @property
    def appoint_at(self) -> Instant:
        """When the customer was told."""

    @property
    def due_at(self) -> Instant | None:
        """When it is to be dialed, while it waits for that."""

    @property
    def tries(self) -> int:
        """How often it was tried."""

    @property
    def begin_at(self) -> Instant | None:
        """When its call began."""

    @property
    def outcome(self) -> str | None:
        """How the last call ended that the system made, or may have made."""

    @property
    def business_result(self) -> str | None:
        """What a person said of it."""

    @property
    def fail_code(self) -> str | None:
        """How its call ended."""

    @property
    def changed_at(self) -> Instant:
        """When it was changed last; its result was filed no later."""


class Promise(msgspec.Struct, frozen=True):
    """A reservation without what says nothing of how it was kept, for counting many."""

    state: str
    appoint_at: Instant
    due_at: Instant | None
    tries: int
    begin_at: Instant | None
    outcome: str | None
    business_result: str | None
    fail_code: str | None
    changed_at: Instant


class Measure(msgspec.Struct, frozen=True):
    """By what promises are judged: the grace."""

    grace_ms: int

    def of(self, promise: Promised, now: Instant) -> Keeping:
        """Return what has become of a promise by now."""
        match promise.state:
            case "calling":
                return "calling"
            case "cancelled":
                return "cancelled"
            case "expired":
                return "broken"
            case "done":
                return self._when_done(promise)
        over_ms = now - promised_at(promise)
        if promise.tries > 0 or over_ms <= 0:
            return "waiting"
        return "late" if over_ms <= self.grace_ms else "broken"

    def is_overdue(self, promise: Promised, now: Instant) -> bool:
        """Whether nobody called in time, and somebody still can; what expired is broken alone."""
        return promise.state == "waiting" and self.of(promise, now) in _MISSED

    def _when_done(self, promise: Promised) -> Keeping:
        if promise.business_result is None and promise.outcome in UNKEPT:
            return "unknown" if promise.outcome == "unknown" else "broken"
        last = promise.appoint_at + self.grace_ms
        if promise.begin_at is None:
            return "kept" if promise.changed_at <= last else "kept_sometime"
        return "kept" if promise.begin_at <= last else "kept_late"


def answer(promise: Promised) -> Answer:
    """Return whether somebody answered the call of a promise that was kept, as far as it is told.

    An operator may give an answered call another code than the CTI's.
    """
    if promise.outcome == "answered" or is_success(promise.fail_code or ""):
        return "answered"
    return "not_answered" if promise.fail_code else "not_told"


def promised_at(promise: Promised) -> Instant:
    """Return from when on it is late: its time, or when the hours of its campaign put it to."""
    return max(promise.appoint_at, promise.due_at or 0)
