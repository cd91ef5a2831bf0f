"""Claiming what is due: read and lock, let the core judge each, write all verdicts back.

A claim waits for no lock: what another transaction holds is left for the next claim, so that claims
can run beside everything else and never stand in a circle.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from callkeeper.core.attempt import Attempt
from callkeeper.core.breaker import refuses_all
from callkeeper.core.campaign import Campaign
from callkeeper.core.pace import Pace
from callkeeper.core.policy import (
    Busyness,
    Dial,
    Doubtful,
    GiveUp,
    Sure,
    Terms,
    Wait,
    decide,
    decide_in_doubt,
)
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservation import Reservation
from callkeeper.core.tries import claimed, given_up, held, put_off, unplaced
from callkeeper.core.watch import SURE, Doubt
from callkeeper.store.campaign_rows import campaign_of
from callkeeper.store.ledger import Claim, Claimed
from callkeeper.store.reservation_rows import ReservationRows
from callkeeper.store.standing import happened
from callkeeper.store.zones import zone_name, zone_of

CampaignKey = tuple[int, int]

# How much more than it could dial a claim looks at, lest what is held hides what may be dialled;
# and how much one looks at that sweeps.
AHEAD = 100
LOOKED_AT = 500

# How soon a campaign is judged again whose time zone is not known here.
UNKNOWN_ZONE_MS = 60_000


class ClaimRows(ReservationRows):
    """The verb that claims, and what the dialer's other verbs share with it."""

    def claim_due(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialled; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """
        return [self._claim(each) for each in claims]

    def is_any_due(self, now: int) -> bool:
        """Whether a reservation waits to be looked at."""
        return bool(self._session.rows("is_any_due", now=now))

    def count_due(self, now: int, limit: int) -> int:
        """Return how many reservations wait to be looked at, counting no further than a limit."""
        return int(self._session.rows("count_due", now=now, limit=limit)[0][0])

    def _claim(self, claim: Claim) -> Claimed:
        if not self._session.rows("take_turn")[0][0]:
            return Claimed([])
        sorting = _Sorting(claim, self._load(claim), self._pace(claim))
        looked_at = LOOKED_AT if claim.sweeps else sorting.most + AHEAD
        if sorting.most == 0 and not claim.sweeps:
            return Claimed([])
        surely = claim.doubt.earliest(claim.at)
        rows = self._session.rows("due_reservations", now=surely, limit=looked_at)
        found = [Reservation(*row) for row in rows]
        due = sorted(found, key=lambda each: _place(each, claim))
        campaigns = self._judged_campaigns({(each.vdn, each.campaign_id) for each in due})
        for each in due:
            campaign = campaigns.get((each.vdn, each.campaign_id))
            if campaign is not None:
                sorting.judge(each, campaign)
        self._write(sorting)
        more = sorting.gets_on and (len(due) == looked_at or len(sorting.attempts) == sorting.most)
        return Claimed(sorting.attempts, len(sorting.held), len(sorting.given_up), more)

    def _write(self, sorting: "_Sorting") -> None:
        claim = sorting.claim
        if sorting.attempts:
            self._session.each("add_attempts", sorting.attempts)
            next_at = sorting.pace.after(len(sorting.attempts))
            self._session.rows("pace_line", name=claim.line, next_at=next_at)
        if sorting.noted or sorting.held:
            self._session.each("note_verdicts", [*sorting.noted, *sorting.held])
        self._close(sorting.given_up, claim.at, claim.holder)

    def _close(self, closed: list[tuple[Reservation, GiveUp]], now: int, holder: str) -> None:
        """Write reservations that will not be dialled any more, each with its event."""
        if closed:
            self._session.each("update_reservations", [each for each, _ in closed])
            self._append(
                [
                    happened(each, each.state, now, holder, rule=verdict.rule, why=verdict.why)
                    for each, verdict in closed
                ]
            )

    def _load(self, claim: Claim) -> "_Load":
        load = _Load()
        for line, vdn, campaign_id, count in self._session.rows("count_live_attempts"):
            load.vdns[vdn] += count
            load.campaigns[vdn, campaign_id] += count
            if line == claim.line:
                load.on_line += count
        return load

    def _pace(self, claim: Claim) -> Pace:
        rows = self._session.rows("line_pace", name=claim.line)
        return Pace(rows[0][0] if rows else 0, claim.at * 1000, claim.per_second)

    def _judged_campaigns(self, keys: Iterable[CampaignKey]) -> dict[CampaignKey, Campaign]:
        """Return campaigns, deleted or not, that stay as they are until this transaction ends.

        One that is just being changed is left out.
        """
        wanted = [{"vdn": vdn, "id": id_} for vdn, id_ in keys]
        found = map(campaign_of, self._session.each("campaigns_of", wanted))
        return {(each.vdn, each.id): each for each in found}


class _Load:
    """How many live attempts there are, by what bounds them."""

    def __init__(self) -> None:
        self.on_line = 0
        self.vdns: Counter[int] = Counter()
        self.campaigns: Counter[CampaignKey] = Counter()


class _Sorting:
    """Due reservations, sorted by their verdicts."""

    def __init__(self, claim: Claim, load: _Load, pace: Pace) -> None:
        self.claim = claim
        self.pace = pace
        self.attempts: list[Attempt] = []
        self.noted: list[Reservation] = []
        self.held: list[Reservation] = []
        self.given_up: list[tuple[Reservation, GiveUp]] = []
        self._load = load
        self.most = min(len(claim.ids), pace.room, max(0, claim.calls_max - load.on_line))

    @property
    def gets_on(self) -> bool:
        """Whether the next claim would find others due, and room for them on the line."""
        has_room = len(self.attempts) < self.most or len(self.claim.ids) == self.most
        return has_room and bool(self.attempts or self.held or self.given_up)

    def judge(self, reservation: Reservation, campaign: Campaign) -> None:
        """Let the core decide; what may be dialled and finds no room stays due, in its order."""
        claim, load = self.claim, self._load
        key = (campaign.vdn, campaign.id)
        busyness = Busyness(load.vdns[campaign.vdn], load.campaigns[key])
        now, doubt = claim.at, claim.doubt
        match verdict_on(reservation, campaign, claim.terms, busyness, now=now, doubt=doubt):
            case Wait() as wait:
                self.held.append(held(reservation, wait))
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
                self.attempts.append(self._attempt(reservation, campaign))
            case Dial() if claim.sweeps and (why := self._no_room):
                if why != reservation.verdict:
                    self.noted.append(unplaced(reservation, "line", why))

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
        if self.pace.room == self.most:
            return f"line {claim.line} begins {claim.per_second:g} calls a second and no more"
        return f"line {claim.line} has as many calls as it may, {claim.calls_max}"

    def _attempt(self, reservation: Reservation, campaign: Campaign) -> Attempt:
        claim = self.claim
        return Attempt(
            vdn=reservation.vdn,
            id=claim.ids[len(self.attempts)],
            reservation_id=reservation.id,
            campaign_id=campaign.id,
            number=reservation.tries + 1,
            line=claim.line,
            holder=claim.holder,
            state="claimed",
            called_no=reservation.called_no,
            caller_no=campaign.shown_number,
            alerting_seconds=campaign.alerting_seconds_max,
            due_at=claim.at if reservation.due_at is None else reservation.due_at,
            claimed_at=claim.at,
        )


def _place(reservation: Reservation, claim: Claim) -> tuple[bool, bool]:
    """Return what puts a reservation behind others that are due."""
    campaign = (reservation.vdn, reservation.campaign_id)
    return campaign in claim.last, reservation.called_no in claim.last


def verdict_on(
    reservation: Reservation,
    campaign: Campaign,
    terms: Terms,
    busyness: Busyness,
    *,
    now: int,
    doubt: Doubt = SURE,
) -> Sure:
    """Return the core's verdict, by the clock of the campaign's time zone."""
    where = zone_of(campaign, terms.zone)
    if where is None:
        # Another machine knew it when it was set. It must not hold up everybody's calls.
        name = zone_name(campaign, terms.zone)
        return Wait("status", now + UNKNOWN_ZONE_MS, f"this machine knows no time zone {name}")
    judge = partial(decide, reservation, campaign, where, terms, busyness)
    return decide_in_doubt(judge, now, doubt)
