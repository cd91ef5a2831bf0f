"""What the dialer does to a reservation: hold it, begin a try, end one, give up.

A hold is the dialer's own note and no change of the promise: it leaves version and history alone.
A manual one is called only when an agent asks for it: nothing here lets the dialer look at it.
"""

import msgspec

from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.policy import GiveUp, Rule, Wait
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import Reservation

# How soon a line that could not be asked is tried again.
_AGAIN_MS = 5_000


def claimed(old: Reservation) -> Reservation:
    """Return it as a dispatcher has it: nobody looks at it until it is dialed or handed back."""
    return msgspec.structs.replace(old, look_at=None)


def handed_back(old: Reservation, now: Instant) -> Reservation:
    """Return it as it was before it was claimed: to be looked at now, if it still waits."""
    if old.state != "waiting" or old.kind == "manual":
        return old
    return msgspec.structs.replace(old, look_at=now)


def held(old: Reservation, wait: Wait) -> Reservation:
    """Return it with the verdict that holds it."""
    due_at = max(wait.until, old.due_at or 0) if wait.moves_due else old.due_at
    return msgspec.structs.replace(
        old, due_at=due_at, look_at=wait.until, held_by=wait.rule, verdict=wait.why
    )


def unplaced(old: Reservation, rule: Rule, why: str) -> Reservation:
    """Return it with why it was not dialed just now; it stays due, in its order."""
    return msgspec.structs.replace(old, held_by=rule, verdict=why)


def put_off(old: Reservation, until: Instant) -> Reservation:
    """Return it as not to be looked at until it is known which clock is right."""
    return msgspec.structs.replace(old, look_at=until, held_by="clock")


def begun(old: Reservation, now: Instant) -> Reservation:
    """Return it as being called."""
    return old.changed(
        now,
        state="calling",
        tries=old.tries + 1,
        look_at=None,
        held_by=None,
        verdict=None,
    )


def not_dialed(old: Reservation, why: str, now: Instant) -> Reservation:
    """Return it as waiting again: its try came to nothing, for surely nothing was dialed.

    What somebody has filed a result of meanwhile is closed.
    """
    if old.kind == "manual":
        return old.changed(now, state="waiting", tries=old.tries - 1)
    if old.business_result is not None:  # filed meanwhile: that customer was reached
        return old.changed(now, state="done", tries=old.tries - 1, due_at=None, look_at=None)
    return old.changed(
        now,
        state="waiting",
        tries=old.tries - 1,
        look_at=now + _AGAIN_MS,
        held_by="line",
        verdict=why,
    )


def ended(old: Reservation, attempt: Attempt, settings: DialSettings, now: Instant) -> Reservation:
    """Return it with the result of an attempt: done, or waiting for another try."""
    old = old.changed(
        now,
        fail_code=attempt.fail_code,
        outcome=attempt.outcome,
        call_id=attempt.id,
        caller_no=attempt.caller_no,
        begin_at=attempt.placing_at,
        # Nobody knows when a call of unknown outcome ended.
        end_at=None if attempt.outcome == "unknown" else attempt.ended_at,
    )
    if attempt.desk is not None and attempt.outcome not in ("answered", "unknown"):
        return msgspec.structs.replace(old, state="waiting")  # the agent says what comes next
    retry = settings.retry_after(attempt.outcome, old.tries)
    # A business result was filed meanwhile: somebody has talked to that customer.
    if retry is None or attempt.desk is not None or old.business_result is not None:
        return msgspec.structs.replace(old, state="done", due_at=None, look_at=None)
    again_at = now + retry.spacing_seconds * 1000
    word = str(attempt.outcome).replace("_", " ")
    return msgspec.structs.replace(
        old,
        state="waiting",
        due_at=again_at,
        look_at=again_at,
        held_by="retry",
        verdict=f"try {old.tries} ended with {word}; try {old.tries + 1} follows",
    )


def given_up(old: Reservation, verdict: GiveUp, now: Instant) -> Reservation:
    """Return it as closed: expired, or, when it was tried before, with what came of that.

    Of what expired it stays known what held it last, for whoever asks why.
    """
    is_untried = old.tries == 0
    return old.changed(
        now,
        state="expired" if is_untried else "done",
        due_at=None,
        look_at=None,
        held_by=(verdict.held_by if is_untried else None) or verdict.rule,
        verdict=verdict.why,
    )
