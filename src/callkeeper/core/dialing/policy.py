"""May we dial now?  A pure function of what stands, and of now; its verdict is kept.

Dial                 nothing stands against it
Wait(until, why)     a rule holds it; ``until`` is when it is next eligible
GiveUp(why)          it will not be dialed any more, and the reservation says so
Doubtful             it hangs on which clock is right, and nothing is done until that is known

Instants are UTC milliseconds.
"""

import re
from collections.abc import Callable
from datetime import tzinfo
from typing import Literal

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.hours import never_dials, next_opening
from callkeeper.core.dialing.watch import SURE_MS, Doubt
from callkeeper.core.instants import Instant, in_zone, span
from callkeeper.core.reservations.number_policy import NumberPolicy
from callkeeper.core.reservations.reservation import Reservation

Rule = Literal[
    "hours",  # outside the campaign's dates or windows
    "status",  # the campaign is a draft or paused
    "vdn_cap",  # as many calls as the VDN may have
    "campaign_cap",  # as many calls as the campaign may have
    "campaign_gone",  # deleted
    "campaign_ended",
    "grace",  # too late
    "number",  # it may not be dialed
    "line",  # the line is down, full, or could not be asked
    "retry",  # the outcome of the try before
    "clock",  # a clock was set, and it hangs on which time is the right one
]

# What these say may change with each call that ends.
CAPS: frozenset[Rule] = frozenset({"vdn_cap", "campaign_cap"})

# The verbs of what holds a reservation, and what they become when that is over.
_WAS = {
    "is": "was",
    "has": "had",
    "knows": "knew",
    "begins": "began",
    "refuses": "refused",
    "opens": "opened",
}
_NOW_WORDS = re.compile(rf"\b({'|'.join(_WAS)})\b")
# What a person can change at any time is looked at this often.
_LOOK_AGAIN_MS = 60_000
# How far ahead anything is held at the most but for hours and retries.
HELD_MS = _LOOK_AGAIN_MS


class Dial(msgspec.Struct, frozen=True):
    """Nothing stands against it."""


class Wait(msgspec.Struct, frozen=True):
    """A rule holds it until an instant; then it is judged anew."""

    rule: Rule
    until: Instant
    why: str

    @property
    def moves_due(self) -> bool:
        """Whether the promise itself is now for later, rather than being late."""
        return self.rule == "hours"

    @property
    def stays_due(self) -> bool:
        """Whether it goes on waiting in its turn, for a call to end."""
        return self.rule in CAPS


class GiveUp(msgspec.Struct, frozen=True):
    """It will not be dialed any more.

    ``held_by``: the last that held it until it was too late, a rule or what its campaign is; None:
    nothing did, or it is given up for another reason.
    """

    rule: Rule
    why: str
    held_by: str | None = None

    @property
    def detail(self) -> dict[str, str]:
        """What the history tells of it."""
        told = {"rule": str(self.rule), "why": self.why}
        return told | ({} if self.held_by is None else {"held_by": self.held_by})


class Doubtful(msgspec.Struct, frozen=True):
    """It stays due; until an instant, if there is one, nobody need look at it."""

    until: Instant | None = None
    why: str = (
        "a clock was set, and it hangs on which time is right; "
        f"judged again once it has gone on for {SURE_MS // 1000} s"
    )


Verdict = Dial | Wait | GiveUp
Sure = Verdict | Doubtful


class Limits(msgspec.Struct, frozen=True):
    """What an operator set for all campaigns. None: no bound."""

    grace_ms: int
    zone: str = "UTC"
    vdn_calls_max: int | None = None
    campaign_calls_max: int | None = None
    numbers: NumberPolicy = NumberPolicy()


class Busyness(msgspec.Struct, frozen=True):
    """How many calls there are already."""

    vdn: int = 0
    campaign: int = 0


def decide(
    reservation: Reservation,
    campaign: Campaign,
    zone: tzinfo,
    limits: Limits,
    busyness: Busyness,
    now: Instant,
) -> Verdict:
    """Return whether a due reservation may be dialed now. ``zone`` is the campaign's."""
    promised = promised_at(reservation, campaign, zone)
    last = promised + limits.grace_ms
    if campaign.deleted_at is not None:
        return GiveUp("campaign_gone", f"campaign {campaign.id} was deleted")
    if campaign.has_ended(now):
        at = in_zone(campaign.end_at, zone)
        return GiveUp("campaign_ended", f"campaign {campaign.id} ended {at}")
    objection = limits.numbers.of(reservation.vdn).objection(reservation.called_no)
    if objection is not None:
        return GiveUp("number", objection.told())
    if now > last:
        return _too_late(reservation, campaign, now - promised, limits.grace_ms)
    if campaign.status != "started":
        return Wait("status", min(now + _LOOK_AGAIN_MS, last + 1), why_not_started(campaign))
    return (
        _outside_hours(campaign, zone, now) or over_cap(campaign, limits, busyness, now) or Dial()
    )


def decide_in_doubt(judge: Callable[[Instant], Verdict], now: Instant, doubt: Doubt) -> Sure:
    """Return the verdict, if it is the same whatever the time may be.

    To give up is for good: for that all clocks must agree, and have done so for long enough. All
    else can be judged anew, and soon goes by the time that is believed.
    """
    verdict = judge(now)
    if isinstance(verdict, GiveUp) and verdict.rule in ("campaign_gone", "number"):
        return verdict  # at any time
    is_final = isinstance(verdict, GiveUp)
    if doubt.sure_in_ms == 0 and not is_final:
        return verdict
    if not all(_agree(verdict, judge(each)) for each in doubt.instants):
        return Doubtful()
    return Doubtful(now + doubt.sure_in_ms) if is_final and doubt.sure_in_ms else verdict


def _agree(one: Verdict, other: Verdict) -> bool:
    if isinstance(one, Wait) and isinstance(other, Wait):
        return one.rule == other.rule and (one.until == other.until or not one.moves_due)
    return type(one) is type(other)


def holds_all(campaign: Campaign, limits: Limits, busyness: Busyness, now: Instant) -> Wait | None:
    """Return what holds all that a campaign has due, until it is resumed or a call ends."""
    if campaign.deleted_at is not None or campaign.has_ended(now):
        return None
    if campaign.status != "started":
        return Wait("status", now + _LOOK_AGAIN_MS, why_not_started(campaign))
    return over_cap(campaign, limits, busyness, now)


def foresee(
    reservation: Reservation, campaign: Campaign, zone: tzinfo, limits: Limits, now: Instant
) -> Verdict:
    """Return what its campaign will say of a reservation when it is looked at next.

    As if the campaign were started by then and had no other call.
    """
    at = max(now, reservation.look_at or now)
    if campaign.deleted_at is None and not campaign.has_ended(now):
        never = never_dials(campaign, zone, at)
        if never is not None:
            return GiveUp("campaign_ended", never.told())
    started = msgspec.structs.replace(campaign, status="started")
    return decide(reservation, started, zone, limits, Busyness(), at)


def why_not_started(campaign: Campaign) -> str:
    """Return the sentence about a campaign that is a draft, or paused."""
    status = "a draft" if campaign.status == "draft" else campaign.status
    return f"campaign {campaign.id} is {status}; resume it"


def promised_at(reservation: Reservation, campaign: Campaign, zone: tzinfo) -> Instant:
    """Return the instant from which on a call is late.

    That is the appointed one, or the first after it was due at which its campaign dials at all.
    """
    due_at = max(reservation.due_at or 0, campaign.begin_at)
    return max(reservation.appoint_at, next_opening(campaign.workday_windows, zone, due_at))


def _too_late(reservation: Reservation, campaign: Campaign, late_ms: int, grace_ms: int) -> GiveUp:
    """Return it with what held it first: that is over now, and no advice helps.

    What a paused campaign has due may never have been looked at, so the campaign is asked itself.
    """
    is_started = campaign.status == "started"
    verdict = reservation.verdict if is_started else why_not_started(campaign)
    if not verdict:
        return GiveUp("grace", f"it is {span(late_ms)} late, and the grace is {span(grace_ms)}")
    held, _, advice = verdict.rpartition("; ")
    was = _NOW_WORDS.sub(lambda found: _WAS[found[0]], held or advice, count=1)
    held_by = reservation.held_by if is_started else campaign.status
    return GiveUp("grace", f"{was}; it is over {span(grace_ms)} late", held_by)


def _outside_hours(campaign: Campaign, zone: tzinfo, now: Instant) -> Verdict | None:
    opening = next_opening(campaign.workday_windows, zone, max(now, campaign.begin_at))
    if opening == now:
        return None
    at = in_zone(opening, zone)
    if opening >= campaign.end_at:
        ends = in_zone(campaign.end_at, zone)
        return GiveUp(
            "campaign_ended", f"campaign {campaign.id} next dials {at}, and it ends {ends}"
        )
    if campaign.begin_at > now:
        return Wait("hours", opening, f"campaign {campaign.id} begins to dial {at}")
    return Wait("hours", opening, f"outside the hours of campaign {campaign.id}; it opens {at}")


def over_cap(campaign: Campaign, limits: Limits, busyness: Busyness, now: Instant) -> Wait | None:
    """Return what holds one more call of a campaign until another one ends."""
    if limits.vdn_calls_max is not None and busyness.vdn >= limits.vdn_calls_max:
        why = f"VDN {campaign.vdn} has {busyness.vdn} calls, as many as it may"
        return Wait("vdn_cap", now, why)
    most = campaign.dial_settings.calls_max
    most = limits.campaign_calls_max if most is None else most
    if most is not None and busyness.campaign >= most:
        why = f"campaign {campaign.id} has {busyness.campaign} calls, as many as it may"
        return Wait("campaign_cap", now, why)
    return None
