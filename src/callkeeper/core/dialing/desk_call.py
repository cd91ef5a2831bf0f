"""A desk call: an agent asks for it, and their phone rings first, then the customer's.

    nobody ─► claimed                          Asking: for whoever dials
    claimed, of nobody ─► claimed              DeskClaim: a dispatcher's
    claimed, of nobody ─► ended                Stopping, or nobody took it in time

From there it goes as every attempt does: ``attempt_changes``. It is *placing* from the moment at
which the agent's phone was answered: no customer is rung before. The agent's phone is a channel of
its own, and an attempt names it by its id only, so that one that is held for many calls will do.
Instants are UTC milliseconds.
"""

from collections.abc import Iterable
from datetime import tzinfo

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.hours import are_open, next_opening
from callkeeper.core.dialing.attempt import NOBODY, Attempt
from callkeeper.core.dialing.attempt_changes import HandBack, new_attempt
from callkeeper.core.dialing.pace import Pace
from callkeeper.core.dialing.policy import Limits, over_cap
from callkeeper.core.dialing.triage import CampaignKey, Judged, Load
from callkeeper.core.dialing.watch import SURE, Doubt
from callkeeper.core.instants import Instant, in_zone
from callkeeper.core.people.house_rules import AnyHourBy, HoursRule, any_hour_by
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import NoSuchReservation, Refusal
from callkeeper.core.reservations.by_hand import Told, against_ringing
from callkeeper.core.reservations.reservation import Reservation

# How long an agent waits for a dispatcher to take the call.
ASKED_MS = 10_000
# How long an agent's phone rings.
DESK_SECONDS = 20
# How old a claim may be whose agent's phone rings, before somebody else gives it up.
DESK_CLAIM_MS = ASKED_MS + (DESK_SECONDS + 15) * 1000

# Why a call came to nothing, for the agent who asked for it.
NOT_TAKEN = "no dialer took the call in time"
STOPPED = "the call was stopped before the customer's phone rang"
NOT_ANSWERED = "your phone did not answer"
IS_BUSY = "your phone is busy"
HUNG_UP = "you hung up before the customer's phone rang"
NO_WORD = "the line does not say whether it rings your phone"
ENDS = "the dialer that had the call was stopped"
GONE = "the dialer that had the call is gone"
AGENT_LEFT = "the agent hung up"  # while the customer's phone rang
CHANGED = "the call was moved, or given to another agent, before you answered"
NOT_PLACED = (
    *(NOT_TAKEN, STOPPED, NOT_ANSWERED, IS_BUSY, HUNG_UP, CHANGED),
    *(NO_WORD, ENDS, GONE, AGENT_LEFT),
)


class CallRefused(Refusal):
    """The call cannot be made."""


class OutsideHours(CallRefused):
    """It is outside the hours of its campaign, and made if whoever asks for it says so."""


class Asking(msgspec.Struct, frozen=True):
    """An agent asks that a customer be called; ``desk`` is their phone, ``asked_by`` who it is.

    Whether it may be made outside the hours of its campaign is decided here, by its VDN's rule and
    by whether whoever asks says so (``anyway``), and stands with the attempt: however long the
    agent takes to answer, and whatever the rule is by then. ``desk_shows`` is as of an Attempt.
    """

    vdn: int
    reservation_id: str
    attempt_id: str
    line: str
    desk: str
    asked_by: str
    at: Instant
    limits: Limits
    hours_rule: HoursRule = "refuse"
    anyway: bool = False
    desk_shows: str | None = None

    def attempt(
        self,
        reservation: Reservation | None,
        judged: Judged | None,
        happened: Iterable[Told],
    ) -> Attempt:
        """Return the attempt that waits for a dispatcher, or refuse. There is no live one of it.

        ``happened`` is the reservation's history, oldest first.
        """
        if reservation is None or reservation.state == "cancelled":
            raise NoSuchReservation(
                "there is no reservation {id!r} in VDN {vdn}",
                about="id",
                id=self.reservation_id,
                vdn=self.vdn,
            )
        if reservation.kind != "manual":
            raise CallRefused("the system makes this call; it is no agent's", about="id")
        if reservation.state != "waiting":
            raise CallRefused("the call of this reservation has been made", about="id")
        if judged is None:
            raise CallRefused("its campaign is just being changed; try again", about="id")
        by_hand = against_ringing(happened, self.asked_by, self.at)
        if by_hand is not None:
            raise CallRefused.saying(by_hand)
        self._check(reservation, judged)
        asked = new_attempt(
            self.attempt_id,
            reservation,
            judged.campaign,
            line=self.line,
            holder=NOBODY,
            at=self.at,
        )
        return msgspec.structs.replace(
            asked,
            asked_by=self.asked_by,
            desk=self.desk,
            any_hour_by=self._any_hour_by,
            desk_shows=self.desk_shows,
        )

    def _check(self, reservation: Reservation, judged: Judged) -> None:
        against = objection(reservation, judged, self.limits, self.at, any_hour=True)
        if against is not None:
            raise CallRefused.saying(against)
        check_hours(judged, self.hours_rule, self.at, anyway=self.anyway)

    @property
    def _any_hour_by(self) -> AnyHourBy | None:
        return any_hour_by(self.hours_rule, anyway=self.anyway)


class Stopping(msgspec.Struct, frozen=True):
    """Somebody asks to end the desk call that a reservation has, if it has one."""

    vdn: int
    reservation_id: str
    at: Instant

    def apply(self, attempt: Attempt) -> Attempt | None:
        """Return it as ended, if nobody has it; else as to be ended by who has it. None: it is."""
        if attempt.desk is None or not attempt.is_live or attempt.hang_up_at is not None:
            return None
        stopped = msgspec.structs.replace(attempt, hang_up_at=self.at)
        if attempt.holder != NOBODY:
            return stopped
        back = HandBack(self.vdn, self.reservation_id, attempt.id, self.at, STOPPED)
        return back.apply(stopped)


class DeskClaim(msgspec.Struct, frozen=True):
    """A dispatcher's wish for desk calls; bounds as a Claim's. ``trouble``: it can make none."""

    line: str
    holder: str
    at: Instant
    calls_max: int
    per_second: float
    limits: Limits
    trouble: str | None = None


class TakenCalls(msgspec.Struct, frozen=True):
    """What a claim got: calls to make now, and how many were given up."""

    taken: list[Attempt]
    given_up: int = 0


class DeskTriage:
    """Desk calls that nobody has yet, sorted: taken, given up, or left for a later claim.

    ``load`` is that of all calls, these among them.
    """

    def __init__(self, claim: DeskClaim, load: Load, pace: Pace, asked: list[Attempt]) -> None:
        self._claim = claim
        self._load = load
        self._room = min(pace.capacity, claim.calls_max - load.on_line + len(asked))
        self.taken: list[Attempt] = []
        self.given_up: list[Attempt] = []
        for each in asked:
            load.vdns[each.vdn] -= 1
            load.campaigns[each.vdn, each.campaign_id] -= 1

    def judge(self, attempt: Attempt, campaign: Campaign | None) -> None:
        """Sort one; None: its campaign is just being changed."""
        claim, key = self._claim, (attempt.vdn, attempt.campaign_id)
        why = self._hindrance(campaign, key)
        back = not_taken(attempt, claim.at, why or NOT_TAKEN)
        if back is not None:  # whoever asked has gone on to something else
            self.given_up += filter(None, [back.apply(attempt)])
        elif why is None:
            self._load.vdns[attempt.vdn] += 1
            self._load.campaigns[key] += 1
            self.taken.append(msgspec.structs.replace(attempt, holder=claim.holder))

    def _hindrance(self, campaign: Campaign | None, key: CampaignKey) -> str | None:
        claim = self._claim
        if claim.trouble is not None:
            return claim.trouble
        if len(self.taken) >= self._room:
            return f"line {claim.line} has as many calls as it may"
        if campaign is None:
            return "its campaign is just being changed"
        over = over_cap(campaign, claim.limits, self._load.of(key), claim.at)
        return None if over is None else over.why


def as_it_stands(attempt: Attempt, now: Instant) -> Attempt:
    """Return an attempt as it is at an instant: one that nobody took in time is over.

    Where no dispatcher is at work, nobody puts that on record.
    """
    back = not_taken(attempt, now)
    return attempt if back is None else back.apply(attempt) or attempt


def not_taken(attempt: Attempt, now: Instant, why: str = NOT_TAKEN) -> HandBack | None:
    """Return how a live attempt goes that nobody took in time; None: it is none of these."""
    if attempt.holder != NOBODY or now - attempt.claimed_at <= ASKED_MS:
        return None
    return HandBack(attempt.vdn, attempt.reservation_id, attempt.id, now, why)


def is_overtaken(happened: Iterable[Told], asked_at: Instant) -> bool:
    """Whether a promise is another agent's, or for another time, since its call was asked for.

    ``happened`` is the reservation's history, oldest first. Its note may change meanwhile.
    """
    asked_for, promised = None, (None, None)
    for _, _, at, values in happened:
        if at > asked_at and asked_for is None:
            asked_for = promised
        promised = values.get("agent", promised[0]), values.get("appoint_at", promised[1])
    return asked_for is not None and promised != asked_for


def objection(
    reservation: Reservation,
    judged: Judged,
    limits: Limits,
    now: Instant,
    doubt: Doubt = SURE,
    *,
    any_hour: bool = False,
) -> Phrase | None:
    """Return what stands against a call that an agent asks for; it is never too late for one.

    ``any_hour``: it may be made outside the hours of its campaign, which has to have begun.
    """
    for at in (now, *doubt.instants):
        against = _objection(reservation, judged, limits, at)
        if against is None and not any_hour:
            against = outside_hours(judged, at)
        if against is not None:
            return against
    return None


def check_hours(judged: Judged, rule: HoursRule, now: Instant, *, anyway: bool) -> AnyHourBy | None:
    """Refuse a call outside the hours of its campaign that nobody has allowed.

    Return by whose word it is made outside them; None: they are open. Where this machine does not
    know the zone of its clock, nobody can say what they allow.
    """
    closed = outside_hours(judged, now)
    if closed is None:
        return None
    if judged.zone is None:
        raise CallRefused.saying(closed)
    by = any_hour_by(rule, anyway=anyway)
    if by is None:
        raise (OutsideHours if rule == "ask" else CallRefused).saying(closed)
    return by


def outside_hours(judged: Judged, now: Instant) -> Phrase | None:
    """Return that the hours of a campaign that has begun are closed; None: they are open.

    Where nobody knows by which clock they are, they are closed.
    """
    campaign, zone = judged
    if zone is None:
        return _unknown(campaign.dial_settings.time_zone)
    if are_open(campaign.workday_windows, zone, now):
        return None
    at = in_zone(next_opening(campaign.workday_windows, zone, now), zone)
    return Phrase("outside the hours of campaign {id}; it opens {at}", id=campaign.id, at=at)


def _objection(
    reservation: Reservation, judged: Judged, limits: Limits, now: Instant
) -> Phrase | None:
    campaign, zone = judged
    if zone is None:
        return _unknown(campaign.dial_settings.time_zone or limits.zone)
    return limits.numbers.of(reservation.vdn).objection(reservation.called_no) or _not_started(
        campaign, zone, now
    )


def _unknown(zone: str | None) -> Phrase:
    return Phrase("this machine knows no time zone {zone}", zone=zone or "")


def _not_started(campaign: Campaign, zone: tzinfo, now: Instant) -> Phrase | None:
    if campaign.deleted_at is not None:
        return Phrase("campaign {id} was deleted", id=campaign.id)
    if campaign.has_ended(now):
        at = in_zone(campaign.end_at, zone)
        return Phrase("campaign {id} ended {at}", id=campaign.id, at=at)
    if campaign.status == "draft":
        return Phrase("campaign {id} is a draft; resume it", id=campaign.id)
    if campaign.status != "started":
        return Phrase("campaign {id} is paused; resume it", id=campaign.id)
    if now < campaign.begin_at:
        at = in_zone(next_opening(campaign.workday_windows, zone, campaign.begin_at), zone)
        return Phrase("campaign {id} begins to dial {at}", id=campaign.id, at=at)
    return None
