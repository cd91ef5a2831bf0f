"""What is due, sorted: what may be dialed now, what is held, and what is given up."""

from collections import Counter
from datetime import tzinfo
from functools import partial
from typing import NamedTuple

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import new_attempt
from callkeeper.core.dialing.breaker import refuses_all
from callkeeper.core.dialing.pace import Pace
from callkeeper.core.dialing.policy import (
    Busyness,
    Dial,
    Doubtful,
    GiveUp,
    Limits,
    Sure,
    Wait,
    decide,
    decide_in_doubt,
)
from callkeeper.core.dialing.reservation_changes import claimed, given_up, held, put_off, unplaced
from callkeeper.core.dialing.watch import SURE, Doubt
from callkeeper.core.instants import Instant
from callkeeper.core.reservations.reservation import Reservation

CampaignKey = tuple[int, int]

# How soon a campaign is judged again whose time zone is not known here.
UNKNOWN_ZONE_MS = 60_000


class Claim(msgspec.Struct, frozen=True):
    """A dispatcher's wish for work: at most as many attempts as it brings ids.

    ``calls_max`` bounds the line's live attempts, ``per_second`` the rate of its calls. One that
    ``sweeps`` judges what is due even while nothing could be dialed, so that it expires in time.
    What is in ``last`` has its turn after all others: first its numbers, then its campaigns, by
    VDN and id. ``trouble`` is why the line refuses every call.
    """

    line: str
    holder: str
    at: Instant
    ids: tuple[str, ...]
    calls_max: int
    per_second: float
    limits: Limits
    sweeps: bool = True
    doubt: Doubt = SURE
    last: frozenset[str | tuple[int, int]] = frozenset()
    trouble: str | None = None


class Claimed(msgspec.Struct, frozen=True):
    """What a claim got. ``more``: it may be worth to ask again at once."""

    attempts: list[Attempt]
    held: int = 0
    given_up: int = 0
    more: bool = False


class Load:
    """How many live attempts there are, by what bounds them."""

    def __init__(self) -> None:
        self.on_line = 0
        self.vdns: Counter[int] = Counter()
        self.campaigns: Counter[CampaignKey] = Counter()

    def of(self, key: CampaignKey) -> Busyness:
        """Return what bounds a campaign's calls."""
        return Busyness(self.vdns[key[0]], self.campaigns[key])


class Judged(NamedTuple):
    """A campaign as it is judged by, and its time zone; None: this machine does not know it."""

    campaign: Campaign
    zone: tzinfo | None


class DueBatch(NamedTuple):
    """Some of what is due, in due order, and its campaigns.

    ``ends``: behind each of these, its campaign has more. ``is_all``: there is nothing else.
    """

    reservations: list[Reservation]
    campaigns: dict[CampaignKey, Judged]
    ends: frozenset[tuple[int, str]]
    is_all: bool


class Triage:
    """Due reservations, sorted by their verdicts.

    ``attempts`` are to be made. The reservations in the other lists are as they are to be kept:
    ``noted`` with why they still wait, ``held`` until later, ``capped`` until a call ends.
    """

    def __init__(self, claim: Claim, load: Load, pace: Pace) -> None:
        self.claim = claim
        self.pace = pace
        self.attempts: list[Attempt] = []
        self.noted: list[Reservation] = []
        self.held: list[Reservation] = []
        self.capped: list[Reservation] = []
        self.given_up: list[tuple[Reservation, GiveUp]] = []
        self._load = load
        self.most = min(len(claim.ids), pace.capacity, max(0, claim.calls_max - load.on_line))

    @property
    def gets_on(self) -> bool:
        """Whether the next claim would find others due, and room for them on the line."""
        has_room = len(self.attempts) < self.most or len(self.claim.ids) == self.most
        return has_room and bool(self.attempts or self.held or self.given_up)

    def judge_all(self, due: DueBatch) -> None:
        """Judge what is due. Nothing of a VDN is dialed before what was due earlier."""
        passed: set[int] = set()
        for each in sorted(due.reservations, key=lambda each: _place(each, self.claim)):
            judged = due.campaigns.get((each.vdn, each.campaign_id))
            if judged is None or each.vdn in passed:
                continue
            verdict = self._judge(each, judged)
            if isinstance(verdict, Dial) and (each.vdn, each.id) in due.ends:
                passed.add(each.vdn)

    def _judge(self, reservation: Reservation, judged: Judged) -> Sure:
        """Sort one; what may be dialed and finds no room stays due, in its order."""
        claim, load, campaign = self.claim, self._load, judged.campaign
        key = (campaign.vdn, campaign.id)
        now, doubt = claim.at, claim.doubt
        verdict = verdict_on(reservation, judged, claim.limits, load.of(key), now=now, doubt=doubt)
        match verdict:
            case Wait() as wait:
                self._hold(reservation, wait)
            case GiveUp() as verdict:
                self.given_up.append((given_up(reservation, verdict, claim.at), verdict))
            case Doubtful(until=None, why=hindrance):
                if claim.sweeps and hindrance != reservation.verdict:
                    self.noted.append(unplaced(reservation, "clock", hindrance))
            case Doubtful(until=int() as until):
                self.held.append(put_off(reservation, until))
            case Dial() if len(self.attempts) < self.most:
                load.vdns[campaign.vdn] += 1
                load.campaigns[key] += 1
                self.noted.append(claimed(reservation))
                self.attempts.append(
                    new_attempt(
                        claim.ids[len(self.attempts)],
                        reservation,
                        campaign,
                        line=claim.line,
                        holder=claim.holder,
                        at=now,
                    )
                )
            case Dial() if claim.sweeps and (why := self._no_room):
                if why != reservation.verdict:
                    self.noted.append(unplaced(reservation, "line", why))
        return verdict

    def _hold(self, reservation: Reservation, wait: Wait) -> None:
        """Note what holds it. What waits for a call to end stays due, in its order."""
        if not wait.stays_due:
            self.held.append(held(reservation, wait))
        elif wait.why != reservation.verdict:
            self.capped.append(unplaced(reservation, wait.rule, wait.why))

    @property
    def _no_room(self) -> str | None:
        """Why the line takes no more; None: it does, with the next claim."""
        claim = self.claim
        if not claim.ids and claim.trouble is not None:
            return refuses_all(claim.line, claim.trouble)
        if not claim.ids:
            return f"line {claim.line} is down"
        if len(claim.ids) == self.most:
            return None
        if self.pace.capacity == self.most:
            return f"line {claim.line} begins {claim.per_second:g} calls a second and no more"
        return f"line {claim.line} has as many calls as it may, {claim.calls_max}"


def verdict_on(
    reservation: Reservation,
    judged: Judged,
    limits: Limits,
    busyness: Busyness,
    *,
    now: Instant,
    doubt: Doubt = SURE,
) -> Sure:
    """Return whether a reservation may be dialed, by the clock of its campaign's time zone."""
    campaign, zone = judged
    if zone is None:
        # Another machine knew it when it was set. It must not hold up everybody's calls.
        name = campaign.dial_settings.time_zone or limits.zone
        return Wait("status", now + UNKNOWN_ZONE_MS, f"this machine knows no time zone {name}")
    return decide_in_doubt(
        partial(decide, reservation, campaign, zone, limits, busyness), now, doubt
    )


def _place(reservation: Reservation, claim: Claim) -> tuple[bool, bool]:
    """Return what puts a reservation behind others that are due."""
    campaign = (reservation.vdn, reservation.campaign_id)
    return campaign in claim.last, reservation.called_no in claim.last
