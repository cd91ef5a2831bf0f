"""Claiming what is due: read and lock, let the core judge each, write all verdicts back.

A claim waits for no lock: what another transaction holds is left for the next claim, so that claims
can run beside everything else and never stand in a circle.
"""

from collections.abc import Sequence
from functools import partial

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.breaker import refuses_all
from callkeeper.core.dialing.pace import Pace
from callkeeper.core.dialing.policy import (
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
from callkeeper.core.dialing.reservation_changes import claimed, given_up, held, put_off, unplaced
from callkeeper.core.dialing.watch import SURE, Doubt
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.dialing import Claim, Claimed
from callkeeper.store.rows.attempt_batch import happened
from callkeeper.store.rows.due import AHEAD, Due, DueRows, Load
from callkeeper.store.zones import zone_name, zone_of

# How much a claim looks at that sweeps. Another looks at little more than it could dial.
LOOKED_AT = 500

# How soon a campaign is judged again whose time zone is not known here.
UNKNOWN_ZONE_MS = 60_000


class ClaimRows(DueRows):
    """The verb that claims, and what the dialer's other verbs share with it."""

    def claim_due(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialled; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """
        return [self._claim(each) for each in claims]

    def _claim(self, claim: Claim) -> Claimed:
        if not self._session.rows("take_turn")[0][0]:
            return Claimed([])
        load = self._load(claim.line)
        sorting = _Sorting(claim, load, self._pace(claim))
        if sorting.most == 0 and not claim.sweeps:
            return Claimed([])
        looked_at = LOOKED_AT if claim.sweeps else sorting.most + AHEAD
        surely = claim.doubt.earliest(claim.at)
        due = self._due(surely, claim.terms, load, looked_at, sweeps=claim.sweeps)
        sorting.judge_all(due)
        self._write(sorting)
        more = sorting.gets_on and (not due.is_all or len(sorting.attempts) == sorting.most)
        held = len(sorting.held) + len(sorting.capped)
        return Claimed(sorting.attempts, held, len(sorting.given_up), more)

    def _write(self, sorting: "_Sorting") -> None:
        claim = sorting.claim
        if sorting.attempts:
            self._session.each("add_attempts", sorting.attempts)
            next_at = sorting.pace.after(len(sorting.attempts))
            self._session.rows("pace_line", name=claim.line, next_at=next_at)
        noted = [*sorting.noted, *sorting.held, *sorting.capped]
        if noted:
            self._session.each("note_verdicts", noted)
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

    def _pace(self, claim: Claim) -> Pace:
        rows = self._session.rows("line_pace", name=claim.line)
        return Pace(rows[0][0] if rows else 0, claim.at * 1000, claim.per_second)


class _Sorting:
    """Due reservations, sorted by their verdicts."""

    def __init__(self, claim: Claim, load: Load, pace: Pace) -> None:
        self.claim = claim
        self.pace = pace
        self.attempts: list[Attempt] = []
        self.noted: list[Reservation] = []
        self.held: list[Reservation] = []
        self.capped: list[Reservation] = []
        self.given_up: list[tuple[Reservation, GiveUp]] = []
        self._load = load
        self.most = min(len(claim.ids), pace.room, max(0, claim.calls_max - load.on_line))

    @property
    def gets_on(self) -> bool:
        """Whether the next claim would find others due, and room for them on the line."""
        has_room = len(self.attempts) < self.most or len(self.claim.ids) == self.most
        return has_room and bool(self.attempts or self.held or self.given_up)

    def judge_all(self, due: Due) -> None:
        """Judge what is due. Nothing of a VDN is dialled before what was due earlier."""
        passed: set[int] = set()
        for each in sorted(due.reservations, key=lambda each: _place(each, self.claim)):
            campaign = due.campaigns.get((each.vdn, each.campaign_id))
            if campaign is None or each.vdn in passed:
                continue
            verdict = self._judge(each, campaign)
            if isinstance(verdict, Dial) and (each.vdn, each.id) in due.ends:
                passed.add(each.vdn)

    def _judge(self, reservation: Reservation, campaign: Campaign) -> Sure:
        """Let the core decide; what may be dialled and finds no room stays due, in its order."""
        claim, load = self.claim, self._load
        key = (campaign.vdn, campaign.id)
        now, doubt = claim.at, claim.doubt
        verdict = verdict_on(reservation, campaign, claim.terms, load.of(key), now=now, doubt=doubt)
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
                self.attempts.append(self._attempt(reservation, campaign))
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
