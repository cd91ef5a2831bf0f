"""Claiming what is due: read and lock, let the core judge each, write all verdicts back.

A claim waits for no lock: what another transaction holds is left for the next claim, so that claims
can run beside everything else and never stand in a circle.
"""

from collections.abc import Sequence

from callkeeper.core.dialing.pace import Pace
from callkeeper.core.dialing.policy import GiveUp
from callkeeper.core.dialing.triage import Claim, Claimed, Triage
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.rows.attempt_batch import happened
from callkeeper.store.rows.due import AHEAD, DueRows

# How much a claim looks at that sweeps. Another looks at little more than it could dial.
LOOKED_AT = 500


class ClaimRows(DueRows):
    """The verb that claims, and what the dialer's other verbs share with it."""

    def claim_due(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialed; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """
        return [self._claim(each) for each in claims]

    def _claim(self, claim: Claim) -> Claimed:
        if not self._session.rows("take_turn")[0][0]:
            return Claimed([])
        load = self._load(claim.line)
        triage = Triage(claim, load, self._pace(claim))
        if triage.most == 0 and not claim.sweeps:
            return Claimed([])
        looked_at = LOOKED_AT if claim.sweeps else triage.most + AHEAD
        surely = claim.doubt.earliest(claim.at)
        due = self._due(surely, claim.terms, load, looked_at, sweeps=claim.sweeps)
        triage.judge_all(due)
        self._write(triage)
        more = triage.gets_on and (not due.is_all or len(triage.attempts) == triage.most)
        held = len(triage.held) + len(triage.capped)
        return Claimed(triage.attempts, held, len(triage.given_up), more)

    def _write(self, triage: Triage) -> None:
        claim = triage.claim
        if triage.attempts:
            self._session.each("add_attempts", triage.attempts)
            next_at = triage.pace.after(len(triage.attempts))
            self._session.rows("pace_line", name=claim.line, next_at=next_at)
        noted = [*triage.noted, *triage.held, *triage.capped]
        if noted:
            self._session.each("note_verdicts", noted)
        self._close(triage.given_up, claim.at, claim.holder)

    def _close(self, closed: list[tuple[Reservation, GiveUp]], now: int, holder: str) -> None:
        """Write reservations that will not be dialed any more, each with its event."""
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
