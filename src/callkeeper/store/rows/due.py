"""Claiming what is due: read and lock, let the core judge each, write all verdicts back.

A claim waits for no lock: what another transaction holds is left for the next claim, so that claims
can run beside everything else and never stand in a circle.
"""

from collections.abc import Sequence

from callkeeper.core.campaigns.dial_settings import SPACING_SECONDS_MAX
from callkeeper.core.dialing.policy import HELD_MS, Busyness, GiveUp
from callkeeper.core.dialing.triage import Claim, Claimed, Triage
from callkeeper.core.dialing.watch import JUMP_MS
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import Row, Session
from callkeeper.store.rows.attempt_batch import happened
from callkeeper.store.rows.backlog import AHEAD, Backlog
from callkeeper.store.rows.history import HistoryRows
from callkeeper.store.rows.reservations import ReservationRows

# How much a claim looks at that sweeps. Another looks at little more than it could dial.
LOOKED_AT = 500


class DueRows:
    """The verbs about what is due."""

    def __init__(
        self,
        session: Session,
        history: HistoryRows,
        reservations: ReservationRows,
        backlog: Backlog,
    ) -> None:
        self._session = session
        self._history = history
        self._reservations = reservations
        self._backlog = backlog

    def claim(self, claims: Sequence[Claim]) -> list[Claimed | Refusal]:
        """Judge what is due, in due order, and claim what may be dialed; hold or close the rest.

        Nothing is claimed while another dispatcher's claim is under way.
        """
        return [self._claim(each) for each in claims]

    def is_any(self, now: Instant) -> bool:
        """Whether a reservation waits to be looked at."""
        return bool(self._session.rows("is_any_due", now=now))

    def count(self, now: Instant, limit: int) -> int:
        """Return how many reservations wait to be looked at, counting no further than a limit."""
        return self._backlog.count(now, limit)

    def awaited(self, vdn: int, campaign_id: int, limit: int, due_by: Instant | None = None) -> int:
        """Return how many automatic calls a campaign has to make, or had due by an instant."""
        look_by = None if due_by is None else due_by + HELD_MS
        rows = self._session.rows(
            "count_awaited",
            vdn=vdn,
            campaign_id=campaign_id,
            look_by=look_by,
            due_by=due_by,
            limit=limit,
        )
        return int(rows[0][0])

    def busyness(self, vdn: int, campaign_id: int) -> Busyness:
        """Return how many calls there are that bound those of a campaign."""
        return self._backlog.load("").of((vdn, campaign_id))

    def wake_from_ahead(self, instants: Sequence[int]) -> list[int | Refusal]:
        """Have looked at now what is held for longer, seen from now, than its rule ever holds."""
        return [len(self._woken(now)) for now in instants]

    def _woken(self, now: Instant) -> list[Row]:
        return self._session.rows(
            "wake_from_ahead",
            now=now,
            held_until=now + HELD_MS + JUMP_MS,
            retried_until=now + SPACING_SECONDS_MAX * 1000 + JUMP_MS,
        )

    def _claim(self, claim: Claim) -> Claimed:
        if not self._backlog.try_lock():
            return Claimed([])
        load = self._backlog.load(claim.line)
        pace = self._backlog.pace(claim.line, claim.at, claim.per_second)
        triage = Triage(claim, load, pace)
        if triage.most == 0 and not claim.sweeps:
            return Claimed([])
        looked_at = LOOKED_AT if claim.sweeps else triage.most + AHEAD
        surely = claim.doubt.earliest(claim.at)
        due = self._backlog.due(surely, claim.limits, load, looked_at, sweeps=claim.sweeps)
        triage.judge_all(due)
        self._write(triage)
        more = triage.gets_on and (not due.is_all or len(triage.attempts) == triage.most)
        held = len(triage.held) + len(triage.capped)
        return Claimed(triage.attempts, held, len(triage.given_up), more)

    def _write(self, triage: Triage) -> None:
        claim = triage.claim
        if triage.attempts:
            self._session.each("add_attempts", triage.attempts)
            self._backlog.note_pace(claim.line, triage.pace, len(triage.attempts))
        noted = [*triage.noted, *triage.held, *triage.capped]
        if noted:
            self._session.each("note_verdicts", noted)
        self._close(triage.given_up, claim.at, claim.holder)

    def _close(self, closed: list[tuple[Reservation, GiveUp]], now: Instant, holder: str) -> None:
        """Write reservations that will not be dialed any more, each with its event."""
        self._reservations.keep([each for each, _ in closed])
        self._history.append(
            [happened(each, each.state, now, holder, **verdict.detail) for each, verdict in closed]
        )
