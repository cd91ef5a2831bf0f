"""Every move of an attempt, as a value with ``apply``. Nothing else changes its state.

    claimed ─► placing ─► placed ─► ended      Placing, Progress, Ending
    claimed ─► ended                           HandBack, or a Placing that is withdrawn

Placing is committed before the phone rings; what was only claimed was surely not dialed.

``apply`` returns the attempt as it then is; None where the move comes too late, or from somebody
who does not answer for it. A Placing is asked first whether it ``is_due``, and then judged. What
becomes of its reservation is in ``reservation_changes``. Instants are UTC milliseconds.
"""

from typing import Literal, TypeVar

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.outcomes import FailCodes, Finding
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.watch import SURE, Doubt
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import Reservation


def new_attempt(
    id_: str, reservation: Reservation, campaign: Campaign, *, line: str, holder: str, at: Instant
) -> Attempt:
    """Return a new attempt at a reservation's call: a dispatcher has it, and has not dialed."""
    return Attempt(
        vdn=reservation.vdn,
        id=id_,
        reservation_id=reservation.id,
        campaign_id=campaign.id,
        number=reservation.tries + 1,
        line=line,
        holder=holder,
        state="claimed",
        called_no=reservation.called_no,
        caller_no=campaign.shown_number,
        alerting_seconds=campaign.alerting_seconds_max,
        due_at=at if reservation.due_at is None else reservation.due_at,
        claimed_at=at,
    )


class Placing(msgspec.Struct, frozen=True):
    """An attempt is about to be placed by its holder; whether it may is decided once more."""

    vdn: int
    reservation_id: str
    attempt_id: str
    holder: str
    at: Instant
    limits: Limits
    doubt: Doubt = SURE

    def is_due(self, attempt: Attempt) -> bool:
        """Whether the attempt waits to be placed by this holder."""
        return attempt.state == "claimed" and attempt.holder == self.holder

    def apply(self, attempt: Attempt, campaign: Campaign) -> Attempt:
        """Return one that is due as one that, from now on, may have been dialed."""
        return msgspec.structs.replace(
            attempt,
            state="placing",
            placing_at=self.at,
            caller_no=campaign.shown_number,
            alerting_seconds=campaign.alerting_seconds_max,
        )

    def withdraw(self, attempt: Attempt, why: str | None = None) -> Attempt:
        """Return one that is due as one that is not placed after all."""
        return _withdrawn(attempt, self.at, why)


class Begun(msgspec.Struct, frozen=True, tag=True):
    """It is on record as being placed: now, and not before, the line may be asked."""

    attempt: Attempt
    call_data: str | None
    goes_to: str | None


class Withdrawn(msgspec.Struct, frozen=True, tag=True):
    """It must not be placed."""

    why: str


class Progress(msgspec.Struct, frozen=True):
    """What the line told of a live attempt, and when."""

    vdn: int
    reservation_id: str
    attempt_id: str
    placed_at: Instant | None = None
    ringing_at: Instant | None = None
    answered_at: Instant | None = None

    def at(
        self,
        *,
        placed: int | None = None,
        ringing: int | None = None,
        answered: int | None = None,
    ) -> "Progress":
        """Return it with more that was told."""
        return _with_first(self, placed, ringing, answered)

    def apply(self, attempt: Attempt) -> Attempt | None:
        """Return it with what was heard of it; what was known before stays."""
        if not _is_placed(attempt):
            return None
        placed = msgspec.structs.replace(attempt, state="placed")
        return _with_first(placed, self.placed_at, self.ringing_at, self.answered_at)


Evidence = Hangup | Literal["refused", "silence", "down"]


class Ending(msgspec.Struct, frozen=True):
    """An attempt is over. ``evidence`` is the line's word on it, or what stands for its lack.

    ``down``: the line could not be asked, surely nothing was dialed, and the reservation waits on.
    ``silence``: the channel is gone without a word; if it was answered before, that is known.
    ``heard`` is what the line told before, and may not have been put down yet; ``is_all_heard``:
    with that, all is known that it told.
    """

    vdn: int
    reservation_id: str
    attempt_id: str
    by: str
    at: Instant
    evidence: Evidence
    codes: FailCodes
    remark: str | None = None  # the line's sentence, kept with the attempt
    heard: Progress | None = None
    is_all_heard: bool = True
    has_agent_left: bool = False  # and the customer's phone was hung up for that

    @property
    def why_not_dialed(self) -> str | None:
        """Why surely nothing was dialed; None: something may have been."""
        if self.evidence != "down":
            return None
        return self.remark or "the line could not be asked"

    def apply(self, attempt: Attempt) -> Attempt | None:
        """Return it with its outcome and its evidence; withdrawn if nothing was dialed."""
        if not _is_placed(attempt):
            return None
        if (why := self.why_not_dialed) is not None:
            return _withdrawn(attempt, self.at, why)
        if self.heard is not None:
            attempt = self.heard.apply(attempt) or attempt
        fields: dict[str, object] = {"cause_text": self.remark}
        if isinstance(self.evidence, Hangup):
            hangup = self.evidence
            finding = self._finding(attempt, hangup)
            fields = {
                "cause": hangup.cause,
                "cause_text": self.remark if self.has_agent_left else hangup.text,
                "sip_code": hangup.sip_code,
            }
        elif self.evidence == "silence":
            finding = self.codes.of_silence(attempt)
        else:
            finding = self.codes.named(self.evidence)
        return msgspec.structs.replace(
            attempt,
            state="ended",
            ended_at=self.at,
            outcome=finding.outcome,
            fail_code=finding.fail_code,
            **fields,
        )

    def _finding(self, attempt: Attempt, hangup: Hangup) -> Finding:
        """Return what a hang-up means; that of an agent who left is no word of the customer."""
        if self.has_agent_left and attempt.answered_at is None:
            return self.codes.named("agent left")
        return self.codes.of_end(attempt, hangup, self.at, is_all_heard=self.is_all_heard)


class HandBack(msgspec.Struct, frozen=True):
    """A claim is given up before it was placed, and perhaps why."""

    vdn: int
    reservation_id: str
    attempt_id: str
    at: Instant
    why: str | None = None

    def apply(self, attempt: Attempt) -> Attempt | None:
        """Return it as one that was not dialed; only of a claim is that sure."""
        return _withdrawn(attempt, self.at, self.why) if attempt.state == "claimed" else None


class Adoption(msgspec.Struct, frozen=True):
    """Another dispatcher answers for an attempt from now on, if it is still the old one's."""

    vdn: int
    reservation_id: str
    attempt_id: str
    old_holder: str
    holder: str

    def apply(self, attempt: Attempt) -> Attempt | None:
        """Return it as the new holder's; a second one comes too late."""
        if attempt.holder != self.old_holder or not attempt.is_live:
            return None
        return msgspec.structs.replace(attempt, holder=self.holder)


Move = Progress | Ending | HandBack | Adoption

Known = TypeVar("Known", Attempt, Progress)


def _with_first(
    known: Known, placed_at: Instant | None, ringing_at: Instant | None, answered_at: Instant | None
) -> Known:
    """Return it with these instants; the first of a kind stays."""
    return msgspec.structs.replace(
        known,
        placed_at=known.placed_at or placed_at,
        ringing_at=known.ringing_at or ringing_at,
        answered_at=known.answered_at or answered_at,
    )


def _is_placed(attempt: Attempt) -> bool:
    """Whether the line was, or is about to be, asked for it, and it is not over."""
    return attempt.state in ("placing", "placed")


def _withdrawn(attempt: Attempt, now: Instant, why: str | None = None) -> Attempt:
    return msgspec.structs.replace(
        attempt, state="ended", ended_at=now, outcome="withdrawn", cause_text=why
    )
