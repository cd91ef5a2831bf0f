"""The ledger of attempts: rows ↔ values.

Locks are taken in one order: reservations by key, then attempts by key.
"""

from collections.abc import Iterable, Sequence

import msgspec

from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.dial_settings import SPACING_SECONDS_MAX, Practice
from callkeeper.core.dialing.attempt import Attempt, Hangup
from callkeeper.core.dialing.lease import latest
from callkeeper.core.dialing.policy import HELD_MS, Busyness, Dial, Doubtful, Wait
from callkeeper.core.dialing.reservation_changes import (
    begun,
    ended,
    given_up,
    handed_back,
    held,
    not_dialled,
)
from callkeeper.core.dialing.watch import JUMP_MS
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.dialing import (
    Adoption,
    Begun,
    Ending,
    HandBack,
    Lease,
    Placing,
    Progress,
    Withdrawn,
)
from callkeeper.store.port.store import Event
from callkeeper.store.rows.attempt_batch import Standing, happened
from callkeeper.store.rows.claims import ClaimRows, verdict_on
from callkeeper.store.rows.due import CampaignKey

# A dispatcher that has been silent for so long is of no interest to anybody.
_FORGET_MS = 24 * 60 * 60 * 1000

Item = Placing | Progress | Ending | HandBack | Adoption


class LedgerRows(ClaimRows):
    """The verbs about attempts."""

    def begin_attempts(self, placings: Sequence[Placing]) -> list[Begun | Withdrawn | Refusal]:
        """Put on record that attempts are being placed: from here on they may have been dialled."""
        standing = self._standing(placings)
        campaigns = self._judged_campaigns(
            {(each.vdn, each.campaign_id) for each in standing.reservations.values()}
        )
        outcomes: list[Begun | Withdrawn | Refusal] = []
        for placing in placings:
            attempt = standing.live(placing)
            if attempt is None or attempt.state != "claimed" or attempt.holder != placing.holder:
                outcomes.append(Withdrawn("it is not this dispatcher's any more"))
                continue
            old = standing.reservations[placing.vdn, placing.reservation_id]
            campaign = campaigns.get((old.vdn, old.campaign_id))
            outcomes.append(self._begin(placing, standing, attempt, campaign))
        self._write_standing(standing)
        return outcomes

    def note_progress(self, words: Sequence[Progress]) -> list[bool | Refusal]:
        """Put down what the line told; False for an attempt that is over or never began."""
        standing = self._standing(words, with_reservations=False)
        outcomes: list[bool | Refusal] = []
        for word in words:
            attempt = standing.live(word)
            if attempt is None or attempt.state == "claimed":
                outcomes.append(False)
                continue
            standing.keep_attempt(_heard(attempt, word))
            outcomes.append(True)
        self._write_standing(standing)
        return outcomes

    def end_attempts(self, endings: Sequence[Ending]) -> list[Attempt | Refusal | None]:
        """End attempts and write their reservations' results; None for one that is over."""
        standing = self._standing(endings)
        practices = self._practices(standing.reservations.values())
        outcomes: list[Attempt | Refusal | None] = []
        for ending in endings:
            attempt = standing.live(ending)
            if attempt is None or attempt.state == "claimed":
                outcomes.append(None)
                continue
            old = standing.reservations[ending.vdn, ending.reservation_id]
            if ending.evidence == "down":
                outcomes.append(_not_dialled(ending, standing, attempt, old))
                continue
            attempt = standing.keep_attempt(_over(attempt, ending))
            practice = practices.get((old.vdn, old.campaign_id), Practice())
            new = ended(old, attempt, practice, ending.at)
            standing.keep(new, _outcome(new, attempt, ending))
            outcomes.append(attempt)
        self._write_standing(standing)
        return outcomes

    def hand_back(self, claims: Sequence[HandBack]) -> list[bool | Refusal]:
        """Withdraw what was claimed and never placed; False for any other."""
        standing = self._standing(claims)
        outcomes: list[bool | Refusal] = []
        for claim in claims:
            attempt = standing.live(claim)
            is_ours = attempt is not None and attempt.state == "claimed"
            if attempt is not None and is_ours:
                old = standing.reservations[claim.vdn, claim.reservation_id]
                standing.withdraw(attempt, claim.at)
                standing.keep(handed_back(old, claim.at))
            outcomes.append(is_ours)
        self._write_standing(standing)
        return outcomes

    def adopt_attempts(self, adoptions: Sequence[Adoption]) -> list[Attempt | Refusal | None]:
        """Take over live attempts; None where somebody was faster."""
        standing = self._standing(adoptions, with_reservations=False)
        outcomes: list[Attempt | Refusal | None] = []
        for each in adoptions:
            attempt = standing.live(each)
            if attempt is None or attempt.holder != each.old_holder:
                outcomes.append(None)
                continue
            new = msgspec.structs.replace(attempt, holder=each.holder)
            outcomes.append(standing.keep_attempt(new))
        self._write_standing(standing)
        return outcomes

    def renew_leases(self, leases: Sequence[Lease]) -> list[Lease | Refusal]:
        """Say that dispatchers live, and until when they answer for what they hold."""
        for each in leases:
            columns = msgspec.structs.asdict(each) | {"is_up": int(each.is_up)}
            self._session.rows("renew_lease", **columns)
            self._session.rows("forget_dispatchers", before=each.said_at - _FORGET_MS)
        return list(leases)

    def wake_from_ahead(self, instants: Sequence[int]) -> list[int | Refusal]:
        """Have looked at now what is held for longer, seen from now, than its rule ever holds."""
        return [
            len(
                self._session.rows(
                    "wake_from_ahead",
                    now=now,
                    held_until=now + HELD_MS + JUMP_MS,
                    retried_until=now + SPACING_SECONDS_MAX * 1000 + JUMP_MS,
                )
            )
            for now in instants
        ]

    def own_time(self) -> int | None:
        """Return the instant by the database's own clock; None where it has the machine's."""
        ((instant,),) = self._session.rows("own_time")
        return None if instant is None else int(instant)

    def attempts_held(self, line: str, holder: str, limit: int) -> list[Attempt]:
        """Return a dispatcher's live attempts, oldest first."""
        rows = self._session.rows("live_attempts", line=line, holder=holder, limit=limit)
        return [Attempt(*row) for row in rows]

    def attempts_orphaned(
        self, line: str, now: int, claimed_before: int, limit: int
    ) -> list[Attempt]:
        """Return a line's live attempts that nobody answers for, oldest first."""
        rows = self._session.rows(
            "live_attempts",
            line=line,
            now=now,
            latest=latest(now),
            claimed_before=claimed_before,
            limit=limit,
        )
        return [Attempt(*row) for row in rows]

    def attempts_of(self, vdn: int, reservation_id: str) -> list[Attempt]:
        """Return all attempts of a reservation, oldest first."""
        rows = self._session.rows("attempts_of", vdn=vdn, reservation_id=reservation_id)
        return [Attempt(*row) for row in rows]

    def leases(self) -> list[Lease]:
        """Return the dispatchers that there are, or lately were."""
        found = (Lease(*row) for row in self._session.rows("dispatchers"))
        return [msgspec.structs.replace(each, is_up=bool(each.is_up)) for each in found]

    def live_by_line(self) -> dict[str, int]:
        """Return how many live attempts each line has that has any."""
        live: dict[str, int] = {}
        for line, _, _, count in self._session.rows("count_live_attempts"):
            live[line] = live.get(line, 0) + count
        return live

    def _begin(
        self, placing: Placing, standing: Standing, attempt: Attempt, campaign: Campaign | None
    ) -> Begun | Withdrawn:
        """Begin an attempt, or withdraw it: what held when it was claimed may hold no more."""
        old, now = standing.reservations[placing.vdn, placing.reservation_id], placing.at
        if old.state != "waiting":
            standing.withdraw(attempt, now)
            return Withdrawn(f"the reservation is {old.state} meanwhile")
        if campaign is None:
            standing.withdraw(attempt, now)
            standing.keep(handed_back(old, now))
            return Withdrawn("its campaign is just being changed")
        # The caps were held when it was claimed, and it has been one of the calls since.
        verdict = verdict_on(old, campaign, placing.terms, Busyness(), now=now, doubt=placing.doubt)
        if isinstance(verdict, Dial):
            return _begun(placing, standing, attempt, campaign)
        standing.withdraw(attempt, now)
        if isinstance(verdict, Doubtful):
            standing.keep(handed_back(old, verdict.until or now))
        elif isinstance(verdict, Wait):
            standing.keep(held(old, verdict))
        else:
            new = given_up(old, verdict, now)
            detail = {"rule": verdict.rule, "why": verdict.why}
            standing.keep(new, happened(new, new.state, now, placing.holder, **detail))
        return Withdrawn(verdict.why)

    def _standing(self, items: Sequence[Item], *, with_reservations: bool = True) -> Standing:
        reservations = {}
        if with_reservations:
            reservations = self._lock({(each.vdn, each.reservation_id) for each in items})
        keys = {(each.vdn, each.attempt_id) for each in items}
        wanted = [{"vdn": vdn, "id": id_} for vdn, id_ in sorted(keys)]
        found = (Attempt(*row) for row in self._session.each("lock_attempts", wanted))
        return Standing(reservations, {(each.vdn, each.id): each for each in found})

    def _write_standing(self, standing: Standing) -> None:
        if standing.changed_reservations:
            self._session.each("update_reservations", list(standing.changed_reservations.values()))
        if standing.changed_attempts:
            self._session.each("update_attempts", list(standing.changed_attempts.values()))
        self._append(standing.events)

    def _practices(self, reservations: Iterable[Reservation]) -> dict[CampaignKey, Practice]:
        keys = {(each.vdn, each.campaign_id) for each in reservations}
        found = {(vdn, id_): self.campaign(vdn, id_) for vdn, id_ in keys}
        return {key: each.practice for key, each in found.items() if each is not None}


def _begun(placing: Placing, standing: Standing, attempt: Attempt, campaign: Campaign) -> Begun:
    old, now = standing.reservations[placing.vdn, placing.reservation_id], placing.at
    attempt = standing.keep_attempt(
        msgspec.structs.replace(
            attempt,
            state="placing",
            placing_at=now,
            caller_no=campaign.shown_number,
            alerting_seconds=campaign.alerting_seconds_max,
        )
    )
    new = begun(old, now)
    detail = {
        "attempt": attempt.id,
        "number": attempt.number,
        "line": attempt.line,
        "caller_no": attempt.caller_no,
    }
    standing.keep(new, happened(new, "dialled", now, placing.holder, **detail))
    return Begun(attempt, old.call_data, campaign.goes_to)


def _not_dialled(ending: Ending, standing: Standing, attempt: Attempt, old: Reservation) -> Attempt:
    why = ending.remark or "the line could not be asked"
    new = not_dialled(old, why, ending.at)
    detail = {"attempt": attempt.id, "why": why}
    standing.keep(new, happened(new, "not_dialled", ending.at, ending.by, **detail))
    return standing.withdraw(attempt, ending.at, why)


def _heard(attempt: Attempt, word: Progress) -> Attempt:
    """Return an attempt with what was heard of it; the first instant of a kind stays."""
    return msgspec.structs.replace(
        attempt,
        state="placed",
        placed_at=attempt.placed_at or word.placed_at,
        ringing_at=attempt.ringing_at or word.ringing_at,
        answered_at=attempt.answered_at or word.answered_at,
    )


def _over(attempt: Attempt, ending: Ending) -> Attempt:
    """Return an attempt with its outcome and what it was read off."""
    evidence, codes = ending.evidence, ending.codes
    if ending.heard is not None:
        attempt = _heard(attempt, ending.heard)
    fields: dict[str, object] = {"cause_text": ending.remark}
    if isinstance(evidence, Hangup):
        finding = codes.of_end(attempt, evidence, ending.at, is_all_heard=ending.is_all_heard)
        fields = {
            "cause": evidence.cause,
            "cause_text": evidence.text,
            "sip_code": evidence.sip_code,
        }
    elif evidence == "silence":
        finding = codes.of_silence(attempt)
    else:
        finding = codes.named(evidence)
    return msgspec.structs.replace(
        attempt,
        state="ended",
        ended_at=ending.at,
        outcome=finding.outcome,
        fail_code=finding.fail_code,
        **fields,
    )


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
