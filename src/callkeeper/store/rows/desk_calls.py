"""Calls that agents ask for, until one answers their phone: rows ↔ values.

Locks are taken in the ledger's order: reservations by key, then attempts by key; a phone's row
comes before the attempt that is added, and goes with its end.
"""

from collections.abc import Iterable, Iterator, Sequence

from callkeeper.core.dialing.attempt import NOBODY, Attempt
from callkeeper.core.dialing.desk_call import (
    Asking,
    CallRefused,
    DeskClaim,
    DeskTriage,
    Stopping,
    TakenCalls,
    not_taken,
)
from callkeeper.core.dialing.triage import Judged
from callkeeper.core.instants import Instant
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.by_hand import Told, against_beginning
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.engine.session import Session
from callkeeper.store.rows.backlog import Backlog
from callkeeper.store.rows.history import HistoryRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.zones import zone_of

# How many of a line's desk calls a claim looks at: more agents do not press *Call* at once.
LOOKED_AT = 500

_IS_CALLED = Phrase("somebody is just calling this customer")

_ASKED = (
    *("vdn", "id", "reservation_id", "campaign_id", "number", "line", "holder", "state"),
    *("called_no", "caller_no", "alerting_seconds", "due_at", "claimed_at", "asked_by", "desk"),
    *("any_hour_by", "desk_shows"),
)


class DeskCallRows:
    """The verbs about desk calls."""

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

    def ask(self, askings: Sequence[Asking]) -> list[Attempt | Refusal]:
        """Add attempts that wait for a dispatcher."""
        known = self._reservations.lock({(each.vdn, each.reservation_id) for each in askings})
        in_the_way = [self._live_of(each.vdn, each.reservation_id) for each in askings]
        in_the_way += [self._live_at(each.vdn, each.desk) for each in askings]
        self._make_way(in_the_way, max(each.at for each in askings))
        outcomes: list[Attempt | Refusal] = []
        for asking in askings:
            try:
                outcomes.append(self._ask(asking, known.get((asking.vdn, asking.reservation_id))))
            except Refusal as refusal:
                outcomes.append(refusal)
        return outcomes

    def begin_by_hand(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        """Put down that calls by hand begin, of customers whom nobody else calls just then."""
        self._reservations.lock({(each.vdn, each.id) for each in orders})
        in_the_way = [self._live_of(each.vdn, each.id) for each in orders]
        self._make_way(in_the_way, max(each.at for each in orders))
        outcomes: list[Reservation | Refusal] = []
        for order in orders:
            try:
                self._check_free(order)
            except CallRefused as refused:
                outcomes.append(refused)
            else:
                outcomes += self._reservations.change([order])
        return outcomes

    def take(self, claims: Sequence[DeskClaim]) -> list[TakenCalls | Refusal]:
        """Take what agents asked for, within the line's bounds; give up what waited for too long.

        Nothing is taken while another dispatcher's claim is under way.
        """
        return [self._take(each) for each in claims]

    def stop(self, stoppings: Sequence[Stopping]) -> list[Attempt | Refusal | None]:
        """End desk calls that nobody has taken, and note of others that they are to be ended."""
        found = (self._live_of(each.vdn, each.reservation_id) for each in stoppings)
        live = {(each.vdn, each.reservation_id): each for each in self._lock(filter(None, found))}
        outcomes: list[Attempt | Refusal | None] = []
        for stopping in stoppings:
            key = (stopping.vdn, stopping.reservation_id)
            stopped = stopping.apply(live[key]) if key in live else None
            if stopped is not None:
                live[key] = stopped
                self._update([stopped])
            outcomes.append(stopped)
        return outcomes

    def live(self, line: str, limit: int) -> list[Attempt]:
        """Return the live desk calls of a line: first those to do something about; oldest first."""
        rows = self._session.rows("live_desk_calls", line=line, limit=limit)
        return [Attempt(*row) for row in rows]

    def live_by_line(self) -> dict[str, int]:
        """Return how many live desk calls each line has that has any."""
        return dict(self._session.rows("count_desk_calls"))

    def _ask(self, asking: Asking, reservation: Reservation | None) -> Attempt:
        happened = self._told(asking.vdn, asking.reservation_id)
        attempt = asking.attempt(reservation, self._judged(asking, reservation), happened)
        at_desk = {name: getattr(attempt, name) for name in ("vdn", "desk", "id")}
        if self._session.rows("take_desk", **at_desk, line=attempt.line):
            fields = {name: getattr(attempt, name) for name in _ASKED}
            if self._session.rows("add_desk_call", **fields):
                return attempt
            self._session.rows("leave_desk", **at_desk)
        if self._live_of(asking.vdn, asking.reservation_id) is not None:
            raise CallRefused.saying(_IS_CALLED)
        raise CallRefused("your phone is on another call; end that one first", about="desk")

    def _check_free(self, order: Order) -> None:
        """Refuse a call by hand of a reservation, which is locked, that somebody calls."""
        if self._live_of(order.vdn, order.id) is not None:
            raise CallRefused.saying(_IS_CALLED)
        against = against_beginning(self._told(order.vdn, order.id), order.by, order.at)
        if against is not None:
            raise CallRefused.saying(against)

    def _told(self, vdn: int, id_: str) -> Iterator[Told]:
        return (each.told for each in self._history.of(vdn, id_))

    def _judged(self, asking: Asking, reservation: Reservation | None) -> Judged | None:
        if reservation is None:
            return None
        key = (reservation.vdn, reservation.campaign_id)
        campaign = self._backlog.judged_campaigns([key]).get(key)
        return None if campaign is None else Judged(campaign, zone_of(campaign, asking.limits.zone))

    def _make_way(self, live: Iterable[Attempt | None], now: Instant) -> None:
        """End what was asked for and never taken, so that it is in nobody's way."""
        in_the_way = {
            (other.vdn, other.id): other
            for other in live
            if other is not None and not_taken(other, now) is not None
        }
        backs = ((other, not_taken(other, now)) for other in self._lock(in_the_way.values()))
        given_up = (back.apply(other) for other, back in backs if back is not None)
        self._update([each for each in given_up if each is not None])

    def _take(self, claim: DeskClaim) -> TakenCalls:
        if not self._backlog.try_lock():
            return TakenCalls([])
        load = self._backlog.load(claim.line)
        asked = [each for each in self.live(claim.line, LOOKED_AT) if each.holder == NOBODY]
        asked = sorted(
            (each for each in self._lock(asked) if each.holder == NOBODY and each.is_live),
            key=lambda each: (each.claimed_at, each.id),
        )
        pace = self._backlog.pace(claim.line, claim.at, claim.per_second)
        campaigns = self._backlog.judged_campaigns({(each.vdn, each.campaign_id) for each in asked})
        triage = DeskTriage(claim, load, pace, asked)
        for attempt in asked:
            triage.judge(attempt, campaigns.get((attempt.vdn, attempt.campaign_id)))
        self._update([*triage.taken, *triage.given_up])
        if triage.taken:
            self._backlog.note_pace(claim.line, pace, len(triage.taken))
        return TakenCalls(triage.taken, len(triage.given_up))

    def _live_of(self, vdn: int, reservation_id: str) -> Attempt | None:
        """Return a reservation's live attempt."""
        rows = self._session.rows("live_attempt_of", vdn=vdn, reservation_id=reservation_id)
        return next((Attempt(*row) for row in rows), None)

    def _live_at(self, vdn: int, desk: str) -> Attempt | None:
        """Return the live attempt of a phone."""
        rows = self._session.rows("live_attempt_at", vdn=vdn, desk=desk)
        return next((Attempt(*row) for row in rows), None)

    def _lock(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        wanted = [
            {"vdn": vdn, "id": id_} for vdn, id_ in sorted((each.vdn, each.id) for each in attempts)
        ]
        rows = self._session.each("lock_attempts", wanted) if wanted else []
        return [Attempt(*row) for row in rows]

    def _update(self, attempts: list[Attempt]) -> None:
        if attempts:
            self._session.each("update_attempts", attempts)
