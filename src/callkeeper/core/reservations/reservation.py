"""A reservation: this number, at that time, for this campaign.

    reserve ─► waiting ─► (calling) ─► done
               waiting ─► cancelled
               waiting ─► expired         automatic ones only, past their grace
               waiting ─► done            settled: automatic ones only, after a restore

The arrows are in changes.py, the dialer's in dialing/reservation_changes.py. Instants are UTC
milliseconds.
"""

from datetime import tzinfo
from typing import ClassVar, Literal

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.hours import check_dials
from callkeeper.core.characters import CALLED, NOTE, TextBounds
from callkeeper.core.instants import Instant, in_utc
from callkeeper.core.refusal import (
    NoSuchCampaign,
    ParameterWrong,
    TimeWrong,
)
from callkeeper.core.reservations.number_policy import NumberRule
from callkeeper.core.reservations.slot import Guard

Kind = Literal["manual", "automatic"]

# The outcomes of a call that keep no promise, unless a person knows more.
UNKEPT = frozenset({"unknown", "refused"})

State = Literal[
    "waiting",  # from reserve; leaves by a result, the dialer, a cancel or its grace running out
    "calling",  # the dialer has it; leaves when its attempt has an outcome
    "done",  # a result is on record; stays, but a later result may overwrite it
    "cancelled",  # deleted on the wire; kept for the history, and as good as absent
    "expired",  # automatic and never dialed in time; a person's result may still close it
]

# What a note may be, whichever way it comes in; what a result code may be stands beside its change.
REMARK = TextBounds(500, NOTE)
# The same of a number that is to be called.
CALLED_NO = TextBounds(24, CALLED)


class Reservation(msgspec.Struct, frozen=True):
    """A reservation as it stands. ``version`` counts its changes, from 1."""

    vdn: int
    id: str
    version: int
    kind: Kind
    state: State
    campaign_id: int
    called_no: str
    agent: str | None
    appoint_at: Instant
    due_at: Instant | None  # when it is to be dialed, by its time or by its hours; None: never
    tries: int  # attempts that the system made
    call_data: str | None
    remark: str | None
    caller_no: str | None
    fail_code: str | None
    call_id: str | None
    business_result: str | None
    business_sub_result: str | None
    begin_at: Instant | None
    end_at: Instant | None
    request: str  # digest of the signed request that made it
    made_at: Instant
    changed_at: Instant
    look_at: Instant | None = None  # when the dialer looks at it next; None: not, or it has it
    # The rule of its last verdict, when not dialed, or settled; of what expired: what held it last.
    held_by: str | None = None
    verdict: str | None = None  # and that verdict, as a sentence
    signed_at: Instant | None = None  # when the newest of the requests that changed it was signed
    outcome: str | None = None  # of the last call that the system made, or may have made
    seen_at: Instant | None = None  # when a person said that its promise was seen to be broken

    @property
    def is_dialed_by_us(self) -> bool:
        """Whether the system is calling, or has called, so that the result is the system's.

        Of a manual one that waits, or that a person closed, a person knows more: whoever keeps the
        promise may have rung by another phone since.
        """
        if self.kind == "manual" and self.state != "calling":
            return self.state == "done" and self.tries > 0 and self.outcome is not None
        return self.state == "calling" or self.tries > 0

    @property
    def wants_a_look(self) -> bool:
        """Whether it ended in a way that a person has to know of, and nobody has filed more."""
        if self.state == "done":
            return self.outcome in UNKEPT and self.business_result is None
        return self.state == "expired"

    def is_overdue(self, now: Instant) -> bool:
        """Whether the appointed time has passed and the call was not executed.

        One that was tried and waits for its next try was: it has a result, and nobody has to ring.
        """
        is_open = self.state in ("waiting", "expired") and self.tries == 0
        return is_open and self.appoint_at < now

    def changed(self, now: Instant, **fields: object) -> "Reservation":
        """Return its next version, with other values of some fields."""
        return msgspec.structs.replace(self, version=self.version + 1, changed_at=now, **fields)


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a customer was promised: the reservation before it is one."""

    kind: Kind
    called_no: str
    campaign_id: str
    appoint_at: Instant
    agent: str | None = None
    call_data: str | None = None
    remark: str | None = None
    after_id: str | None = None  # of the reservation whose customer wants another call


class Booking(msgspec.Struct, frozen=True):
    """A wish with all that makes it a reservation: where, from which request, by whom, when."""

    what: ClassVar[str] = "reserved"

    vdn: int
    id: str
    wish: Wish
    request: str
    by: str
    at: Instant
    lead_ms: int
    slack_ms: int = 0  # how far behind ours the clock of whoever asks may be
    zone: str = "UTC"  # of campaigns that have none of their own
    numbers: NumberRule = NumberRule()  # its VDN's
    idempotency_key: str | None = None
    idempotency_body: str | None = None
    guard: Guard | None = None  # of the slot it is put into; None: it may share one

    @property
    def guards(self) -> list[Guard]:
        """The guards of the slots that it puts calls into."""
        return [] if self.guard is None else [self.guard]

    def reservation(self, campaign: Campaign | None, zone: tzinfo | None) -> Reservation:
        """Return the reservation, unless its time has passed or its campaign cannot hold it.

        ``zone`` is the campaign's; None: it is not known here, and whoever dials has to judge.
        """
        wish = self.wish
        self.numbers.check(wish.called_no)
        if wish.appoint_at < self.at - self.slack_ms:
            time = in_utc(wish.appoint_at)
            raise TimeWrong("{time} has passed; send a time to come", "appoint_at", time=time)
        if campaign is None:
            raise NoSuchCampaign(
                "there is no campaign {id!r} in VDN {vdn}",
                about="campaign_id",
                id=wish.campaign_id,
                vdn=self.vdn,
            )
        due_at = self._due_at(campaign, zone) if wish.kind == "automatic" else None
        return Reservation(
            vdn=self.vdn,
            id=self.id,
            version=1,
            kind=wish.kind,
            state="waiting",
            campaign_id=campaign.id,
            called_no=wish.called_no,
            agent=wish.agent,
            appoint_at=wish.appoint_at,
            due_at=due_at,
            tries=0,
            call_data=wish.call_data,
            remark=wish.remark,
            caller_no=None,
            fail_code=None,
            call_id=None,
            business_result=None,
            business_sub_result=None,
            begin_at=None,
            end_at=None,
            request=self.request,
            made_at=self.at,
            changed_at=self.at,
            look_at=due_at,
        )

    def _due_at(self, campaign: Campaign, zone: tzinfo | None) -> Instant:
        """Return when the system is to dial; refuse a time after which the campaign never does."""
        if campaign.has_ended(self.at):
            raise ParameterWrong(
                "campaign {id} has ended, an automatic call would never be made",
                about="campaign_id",
                id=campaign.id,
            )
        due_at = max(self.wish.appoint_at - self.lead_ms, self.at)
        if zone is not None:
            check_dials(campaign, zone, due_at)
        return due_at
