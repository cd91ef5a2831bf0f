"""The ledger of attempts: rows ↔ values.

Locks are taken in one order: reservations by key, then attempts by key.
"""

from collections.abc import Iterable, Sequence

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.attempt_changes import (
    Adoption,
    Begun,
    Ending,
    HandBack,
    Placing,
    Progress,
    Withdrawn,
)
from callkeeper.core.dialing.desk_call import (
    CHANGED,
    DESK_CLAIM_MS,
    is_overtaken,
    objection,
    outside_hours,
)
from callkeeper.core.dialing.lease import latest
from callkeeper.core.dialing.policy import Busyness, Dial, Doubtful, Wait
from callkeeper.core.dialing.reservation_changes import (
    begun,
    ended,
    given_up,
    handed_back,
    held,
    not_dialed,
)
from callkeeper.core.dialing.triage import CampaignKey, Judged, verdict_on
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import Session
from callkeeper.store.port.history import Event
from callkeeper.store.rows.attempt_batch import About, AttemptBatch, happened
from callkeeper.store.rows.backlog import Backlog
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.history import HistoryRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.zones import zone_of


class AttemptRows:
    """The verbs about attempts."""

    def __init__(
        self,
        session: Session,
        history: HistoryRows,
        reservations: ReservationRows,
        campaigns: CampaignRows,
        backlog: Backlog,
    ) -> None:
        self._session = session
        self._history = history
        self._reservations = reservations
        self._campaigns = campaigns
        self._backlog = backlog

    def begin(self, placings: Sequence[Placing]) -> list[Begun | Withdrawn | Refusal]:
        """Put on record that attempts are being placed: from here on they may have been dialed."""
        batch = self._batch(placings)
        campaigns = self._backlog.judged_campaigns(
            {(each.vdn, each.campaign_id) for each in batch.reservations.values()}
        )
        outcomes: list[Begun | Withdrawn | Refusal] = []
        for placing in placings:
            attempt = batch.live(placing)
            if attempt is None or not placing.is_due(attempt):
                outcomes.append(Withdrawn("it is not this dispatcher's any more"))
                continue
            old = batch.reservations[placing.vdn, placing.reservation_id]
            campaign = campaigns.get((old.vdn, old.campaign_id))
            if self._is_overtaken(attempt):
                outcomes.append(_withdrawn(placing, batch, attempt, CHANGED))
                continue
            outcomes.append(_begin(placing, batch, attempt, campaign))
        self._write_batch(batch)
        return outcomes

    def note_progress(self, words: Sequence[Progress]) -> list[bool | Refusal]:
        """Put down what the line told; False for an attempt that is over or never began."""
        batch = self._batch(words, with_reservations=False)
        outcomes: list[bool | Refusal] = [batch.move(each) is not None for each in words]
        self._write_batch(batch)
        return outcomes

    def end(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        """End attempts and write their reservations' results; None for one that is over."""
        batch = self._batch(endings)
        settings = self._settings(batch.reservations.values())
        outcomes: list[Attempt | Refusal | None] = []
        for ending in endings:
            attempt = batch.move(ending)
            outcomes.append(attempt)
            if attempt is None:
                continue
            old = batch.reservations[ending.vdn, ending.reservation_id]
            if (why := ending.why_not_dialed) is not None:
                new = not_dialed(old, why, ending.at)
                detail = {"attempt": attempt.id, "why": why}
                event = happened(new, "not_dialed", ending.at, ending.by, **detail)
            else:
                its_settings = settings.get((old.vdn, old.campaign_id), DialSettings())
                new = ended(old, attempt, its_settings, ending.at)
                event = _outcome(new, attempt, ending)
            batch.keep(new, event)
        self._write_batch(batch)
        return outcomes

    def hand_back(self, claims: Sequence[HandBack]) -> list[bool | Refusal]:
        """Withdraw what was claimed and never placed; False for any other."""
        batch = self._batch(claims)
        outcomes: list[bool | Refusal] = []
        for claim in claims:
            attempt = batch.move(claim)
            if attempt is not None:
                old = batch.reservations[claim.vdn, claim.reservation_id]
                batch.keep(handed_back(old, claim.at))
            outcomes.append(attempt is not None)
        self._write_batch(batch)
        return outcomes

    def adopt(self, adoptions: Sequence[Adoption]) -> list[Attempt | Refusal | None]:
        """Take over live attempts; None where somebody was faster."""
        batch = self._batch(adoptions, with_reservations=False)
        outcomes: list[Attempt | Refusal | None] = [batch.move(each) for each in adoptions]
        self._write_batch(batch)
        return outcomes

    def held(self, line: str, holder: str, limit: int) -> list[Attempt]:
        """Return a dispatcher's live attempts, oldest first."""
        rows = self._session.rows("live_attempts", line=line, holder=holder, limit=limit)
        return [Attempt(*row) for row in rows]

    def orphaned(self, line: str, now: Instant, claimed_before: int, limit: int) -> list[Attempt]:
        """Return a line's live attempts that nobody answers for, oldest first."""
        rows = self._session.rows(
            "live_attempts",
            line=line,
            now=now,
            latest=latest(now),
            claimed_before=claimed_before,
            desk_claimed_before=now - DESK_CLAIM_MS,
            limit=limit,
        )
        return [Attempt(*row) for row in rows]

    def of(self, vdn: int, reservation_id: str) -> list[Attempt]:
        """Return all attempts of a reservation, oldest first."""
        rows = self._session.rows("attempts_of", vdn=vdn, reservation_id=reservation_id)
        return [Attempt(*row) for row in rows]

    def live_by_line(self) -> dict[str, int]:
        """Return how many live attempts each line has that has any."""
        live: dict[str, int] = {}
        for line, _, _, count in self._session.rows("count_live_attempts"):
            live[line] = live.get(line, 0) + count
        return live

    def _is_overtaken(self, attempt: Attempt) -> bool:
        if attempt.desk is None:
            return False
        events = self._history.of(attempt.vdn, attempt.reservation_id)
        return is_overtaken((each.told for each in events), attempt.claimed_at)

    def _batch(self, items: Sequence[About], *, with_reservations: bool = True) -> AttemptBatch:
        reservations = {}
        if with_reservations:
            reservations = self._reservations.lock(
                {(each.vdn, each.reservation_id) for each in items}
            )
        keys = {(each.vdn, each.attempt_id) for each in items}
        wanted = [{"vdn": vdn, "id": id_} for vdn, id_ in sorted(keys)]
        found = (Attempt(*row) for row in self._session.each("lock_attempts", wanted))
        return AttemptBatch(reservations, {(each.vdn, each.id): each for each in found})

    def _write_batch(self, batch: AttemptBatch) -> None:
        self._reservations.keep(list(batch.changed_reservations.values()))
        if batch.changed_attempts:
            self._session.each("update_attempts", list(batch.changed_attempts.values()))
        self._history.append(batch.events)

    def _settings(self, reservations: Iterable[Reservation]) -> dict[CampaignKey, DialSettings]:
        keys = {(each.vdn, each.campaign_id) for each in reservations}
        found = {(vdn, id_): self._campaigns.get(vdn, id_) for vdn, id_ in keys}
        return {key: each.dial_settings for key, each in found.items() if each is not None}


def _begin(
    placing: Placing, batch: AttemptBatch, attempt: Attempt, campaign: Campaign | None
) -> Begun | Withdrawn:
    """Begin an attempt, or withdraw it: what held when it was claimed may hold no more."""
    old, now = batch.reservations[placing.vdn, placing.reservation_id], placing.at
    if old.state != "waiting":
        return _withdrawn(placing, batch, attempt, f"the reservation is {old.state} meanwhile")
    if campaign is None:
        batch.keep(handed_back(old, now))
        return _withdrawn(placing, batch, attempt, "its campaign is just being changed")
    judged = Judged(campaign, zone_of(campaign, placing.limits.zone))
    if attempt.desk is not None:
        any_hour = attempt.any_hour_by is not None
        against = objection(old, judged, placing.limits, now, placing.doubt, any_hour=any_hour)
        if against is not None:
            return _withdrawn(placing, batch, attempt, against.told())
        return _begun(placing, batch, attempt, judged)
    # The caps were held when it was claimed, and it has been one of the calls since.
    verdict = verdict_on(old, judged, placing.limits, Busyness(), now=now, doubt=placing.doubt)
    if isinstance(verdict, Dial):
        return _begun(placing, batch, attempt, judged)
    if isinstance(verdict, Doubtful):
        batch.keep(handed_back(old, verdict.until or now))
    elif isinstance(verdict, Wait):
        batch.keep(held(old, verdict))
    else:
        new = given_up(old, verdict, now)
        batch.keep(new, happened(new, new.state, now, placing.holder, **verdict.detail))
    return _withdrawn(placing, batch, attempt, verdict.why)


def _withdrawn(placing: Placing, batch: AttemptBatch, attempt: Attempt, why: str) -> Withdrawn:
    """Withdraw an attempt. An agent who asked for it is told why; else the reservation tells it."""
    batch.keep_attempt(placing.withdraw(attempt, why if attempt.desk is not None else None))
    return Withdrawn(why)


def _begun(placing: Placing, batch: AttemptBatch, attempt: Attempt, judged: Judged) -> Begun:
    old, now = batch.reservations[placing.vdn, placing.reservation_id], placing.at
    attempt = batch.keep_attempt(placing.apply(attempt, judged.campaign))
    new = begun(old, now)
    detail = {
        "attempt": attempt.id,
        "number": attempt.number,
        "line": attempt.line,
        "caller_no": attempt.caller_no,
        "desk": attempt.desk,
    }
    if attempt.any_hour_by is not None and outside_hours(judged, now) is not None:
        detail["outside_hours"] = attempt.any_hour_by
    event = happened(new, "dialed", now, placing.holder, **detail)
    if attempt.asked_by is not None:
        event = msgspec.structs.replace(event, by_whom=attempt.asked_by)
    batch.keep(new, event)
    return Begun(attempt, old.call_data, judged.campaign.goes_to)


def _outcome(new: Reservation, attempt: Attempt, ending: Ending) -> Event:
    """Return the event of an attempt's end, with all the evidence."""
    return happened(
        new,
        "outcome",
        ending.at,
        ending.by,
        attempt=attempt.id,
        number=attempt.number,
        outcome=attempt.outcome,
        fail_code=attempt.fail_code,
        cause=attempt.cause,
        cause_text=attempt.cause_text,
        sip_code=attempt.sip_code,
        ringing_at=attempt.ringing_at,
        answered_at=attempt.answered_at,
        again_at=new.due_at,
    )
