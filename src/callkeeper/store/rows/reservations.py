"""Reservations and their history: rows ↔ values.

Batches are read, decided upon in order, and written back: two changes of one reservation in one
batch see each other, and one that is refused leaves no trace.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

import msgspec

from callkeeper.core.campaigns.business_result import DefinedResults
from callkeeper.core.campaigns.campaign import Campaign, campaign_id
from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.refusal import DatabaseFailed, ParameterWrong, Refusal
from callkeeper.core.reservations.changes import Order, Result
from callkeeper.core.reservations.reservation import Booking, Reservation
from callkeeper.store.engine.session import Session
from callkeeper.store.port.history import Event
from callkeeper.store.port.reservations import (
    Booked,
    By,
    Choice,
    Listed,
    Page,
    Sought,
    Tally,
    Unsettled,
    Wanted,
)
from callkeeper.store.port.store import Collision
from callkeeper.store.rows.agents import AgentRows
from callkeeper.store.rows.business_results import BusinessResultRows
from callkeeper.store.rows.campaigns import CampaignRows
from callkeeper.store.rows.history import Asked, HistoryRows, detail_of
from callkeeper.store.rows.listing import cut, listed, tallied
from callkeeper.store.rows.slots import SlotRows
from callkeeper.store.zones import zone_of

Key = tuple[int, str]
Claims = dict[Key, tuple[str, str]]  # an Idempotency-Key: the body and the reservation it stood for

# What a change may change, and a result leaves alone as a rule.
BEYOND_RESULT = (
    "agent",
    "appoint_at",
    "due_at",
    "tries",
    "remark",
    "look_at",
    "held_by",
    "verdict",
    "outcome",
    "seen_at",
)
# What sorts behind every digit.
_AFTER_DIGITS = ":"

_beyond_result = attrgetter(*BEYOND_RESULT)
_IDEMPOTENCY_MS = DAY_MS


class ReservationRows:
    """The verbs about reservations."""

    def __init__(
        self,
        session: Session,
        history: HistoryRows,
        campaigns: CampaignRows,
        business_results: BusinessResultRows,
        agents: AgentRows,
        slots: SlotRows,
    ) -> None:
        self._session = session
        self._history = history
        self._campaigns = campaigns
        self._business_results = business_results
        self._agents = agents
        self._slots = slots

    def add(self, bookings: Sequence[Booking]) -> list[Booked | Refusal]:
        """Add reservations and their first event. The same request again answers the first."""
        self._slots.lock(bookings)
        claims = self._claims(bookings)
        claimed = {(vdn, id_) for (vdn, _), (_, id_) in claims.items()}
        standing = self.lock({(each.vdn, each.id) for each in bookings} | claimed)
        campaigns = self._campaigns_named({(each.vdn, each.wish.campaign_id) for each in bookings})
        fresh: list[tuple[Booking, Reservation]] = []
        outcomes: list[Booked | Refusal] = []
        for booking in bookings:
            try:
                old = _made_before(booking, claims, standing)
                campaign = campaigns.get((booking.vdn, booking.wish.campaign_id))
                new = old or _reserved(booking, campaign)
                if old is None and booking.guard is not None:
                    self._insert(fresh)  # first, for the guard counts it
                    fresh.clear()
                    self._slots.check(booking.guard, new, booking.wish.after_id)
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            outcomes.append(Booked(new, again=old is not None))
            if old is None:
                fresh.append((booking, new))
                standing[booking.vdn, booking.id] = new
                if booking.idempotency_key:
                    claim = (booking.idempotency_body or "", booking.id)
                    claims[booking.vdn, booking.idempotency_key] = claim
        self._insert(fresh)
        return outcomes

    def change(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        """Carry out changes, in order, each with its event, and with the call that it books."""
        self._slots.lock(orders)
        found = self.lock({(each.vdn, each.id) for each in orders})
        standing = dict(found)
        done = self._history.carried_out(_asked_again(orders, found))
        naming = {each.vdn for each in orders if _names_business_result(each)}
        defined = {vdn: self._business_results.of(vdn) for vdn in naming}
        nothing = DefinedResults()
        changed: dict[Key, Reservation] = {}
        events: list[Event] = []
        agents: set[Key] = set()
        outcomes: list[Reservation | Refusal] = []
        for order in orders:
            key = (order.vdn, order.id)
            old = standing.get(key)
            asked = (*key, order.request or "")
            if old is not None and asked in done:
                outcomes.append(old)
                continue
            try:
                new = order.carry_out(old, defined.get(order.vdn, nothing))
                if order.guard is not None:
                    self._write(found, changed)  # first, for the guard counts it
                    self._slots.check(order.guard, new)
                if order.again is not None:
                    self._write(found, changed)
                    self._book_again(order.again.after(new, order.by, order.at))
            except Refusal as refusal:
                outcomes.append(refusal)
                continue
            standing[key] = changed[key] = new
            events.append(_event(order, order.detail, new.version))
            if new.agent and (old is None or old.agent != new.agent):
                agents.add((order.vdn, new.agent))
            outcomes.append(new)
            if order.request:
                done.add(asked)
        self._write(found, changed)
        if events:
            self._history.append(events)
            self._agents.note(agents, orders[0].at)
        return outcomes

    def find(self, wanted: Wanted) -> Page:
        """Return a page of reservations, by appointed time, then id; cancelled ones never."""
        asked = msgspec.structs.asdict(wanted)
        if wanted.called_no is not None:
            rows = self._session.rows("find_reservations_of_number", **asked)
        else:
            days = cut(wanted.begin_at, wanted.end_at)
            rows = self._session.rows("find_reservations", **asked, **days)
        return Page(rows[0][0], [listed(row[1:]) for row in rows if row[1] is not None])

    def get(self, vdn: int, reservation_id: str) -> Listed | None:
        """Return a reservation of whatever state, with its names."""
        rows = self._session.rows("listed_reservation", vdn=vdn, id=reservation_id)
        return listed(rows[0]) if rows else None

    def miscounted_days(self, vdn: int, begin_at: Instant, end_at: Instant) -> list[int]:
        """Return the instants at which days of a range begin whose tallies are wrong."""
        first, last = begin_at // DAY_MS, end_at // DAY_MS
        rows = self._session.rows("miscounted_days", vdn=vdn, first_day=first, last_day=last)
        return [int(row[0]) * DAY_MS for row in rows]

    def vdns(self) -> list[int]:
        """Return the VDNs that have reservations, in order."""
        return [int(row[0]) for row in self._session.rows("vdns_with_reservations")]

    def reach(self, sought: Sought, count: int, *, backwards: bool = False) -> Instant | None:
        """Return the appointed time of the one after so many, from the begin on or the end back."""
        name = "reach_back" if backwards else "reach"
        rows = self._session.rows(name, count=count, **msgspec.structs.asdict(sought))
        return int(rows[0][0]) if rows else None

    def seek(self, sought: Sought, choice: Choice, limit: int) -> list[Listed]:
        """Return the first that are chosen, or the last, by appointed time, then id."""
        rows = self._session.rows(
            "seek",
            states=list(choice.states),
            kind=choice.kind,
            outcomes=None if choice.outcomes is None else list(choice.outcomes),
            unfiled=choice.is_unfiled or None,
            newest=choice.newest or None,
            limit=limit,
            **msgspec.structs.asdict(sought),
        )
        return [listed(row) for row in rows]

    def tally(self, sought: Sought, by: By, now: Instant, grace_ms: int) -> list[Tally]:
        """Count all, cancelled ones too, by what tells how they are kept by now."""
        rows = self._session.rows(
            "tally_promises",
            **{f"by_{by}": True},
            now=now,
            grace_ms=grace_ms,
            **msgspec.structs.asdict(sought),
        )
        return [tallied(row, grace_ms) for row in rows]

    def beginning_with(self, vdn: int, digits: str, limit: int) -> list[Reservation]:
        """Return the first whose ids begin with some digits, of whatever state, by id."""
        after = digits + _AFTER_DIGITS
        rows = self._session.rows(
            "reservations_beginning", vdn=vdn, first=digits, after=after, limit=limit
        )
        return [Reservation(*row) for row in rows]

    def ending_with(self, sought: Sought, digits: str, limit: int) -> list[Reservation]:
        """Return the first whose ids end with some digits, of whatever state, by time."""
        asked = msgspec.structs.asdict(sought)
        rows = self._session.rows("reservations_ending", ending=f"%{digits}", limit=limit, **asked)
        return [Reservation(*row) for row in rows]

    def with_id(self, reservation_id: str) -> list[Reservation]:
        """Return the reservations with an id, of whatever VDN and state."""
        rows = self._session.rows("reservations_with_id", id=reservation_id)
        return [Reservation(*row) for row in rows]

    def unsettled(self, before: Instant, vdn: int | None) -> list[Unsettled]:
        """Return what each VDN, or one, has that was due before an instant."""
        rows = self._session.rows("unsettled", before=before, vdn=vdn)
        return [Unsettled(*row) for row in rows]

    def due_before(
        self, before: Instant, vdn: int | None, after: Key, limit: int
    ) -> list[Reservation]:
        """Return what waits to be dialed and was due before an instant, by VDN and id."""
        rows = self._session.rows(
            "due_before",
            before=before,
            vdn=vdn,
            after_vdn=after[0],
            after_id=after[1],
            limit=limit,
        )
        return [Reservation(*row) for row in rows]

    def lock(self, keys: Iterable[Key]) -> dict[Key, Reservation]:
        """Lock reservations, and return those that there are."""
        wanted = [{"vdn": vdn, "id": id_} for vdn, id_ in keys]
        rows = self._session.each("lock_reservations", wanted)
        return {(row[0], row[1]): Reservation(*row) for row in rows}

    def keep(self, changed: Sequence[Reservation]) -> None:
        """Write reservations, which are locked, as they are now."""
        if changed:
            self._session.each("update_reservations", changed)

    def _claims(self, bookings: Sequence[Booking]) -> Claims:
        claims: Claims = {}
        claiming = [each for each in bookings if each.idempotency_key]
        for vdn, at in {each.vdn: each.at for each in claiming}.items():
            self._session.rows("forget_idempotency_keys", vdn=vdn, before=at - _IDEMPOTENCY_MS)
        for each in claiming:
            key = each.idempotency_key or ""
            for row in self._session.rows("idempotency_key", vdn=each.vdn, idempotency_key=key):
                claims[each.vdn, key] = (row[0], row[1])
        return claims

    def _book_again(self, booking: Booking) -> None:
        (outcome,) = self.add([booking])
        if isinstance(outcome, Refusal):
            raise outcome

    def _write(self, found: dict[Key, Reservation], changed: dict[Key, Reservation]) -> None:
        """Write what changed since it was found; what is written is found as it is then."""
        if changed:
            self._update(found, changed)
            found |= changed
            changed.clear()

    def _update(self, found: dict[Key, Reservation], changed: dict[Key, Reservation]) -> None:
        filed: list[Reservation] = []
        others: list[Reservation] = []
        for key, new in changed.items():
            is_filed = _beyond_result(new) == _beyond_result(found[key])
            (filed if is_filed else others).append(new)
        if filed:
            self._session.each("file_results", filed)
        self.keep(others)

    def _campaigns_named(self, keys: Iterable[Key]) -> dict[Key, Campaign]:
        found = {}
        for vdn, text in keys:
            id_ = campaign_id(text)
            campaign = None if id_ is None else self._campaigns.get(vdn, id_)
            if campaign is not None:
                found[vdn, text] = campaign
        return found

    def _insert(self, fresh: list[tuple[Booking, Reservation]]) -> None:
        if not fresh:
            return
        reservations = [reservation for _, reservation in fresh]
        if len(self._session.each("add_reservations", reservations)) != len(fresh):
            raise Collision
        self._history.append(
            [_event(booking, booking.wish, 1, booking.what) for booking, _ in fresh]
        )
        agents = {(each.vdn, each.agent) for each in reservations if each.agent}
        self._agents.note(agents, reservations[0].made_at)
        claims = [_claim(booking) for booking, _ in fresh if booking.idempotency_key]
        if claims and len(self._session.each("claim_idempotency_keys", claims)) != len(claims):
            raise Collision


def _asked_again(orders: Sequence[Order], found: dict[Key, Reservation]) -> dict[Asked, int]:
    """Return the requests that may have been carried out before, each with the newest version."""
    return {
        (each.vdn, each.id, each.request or ""): old.version
        for each in orders
        if (old := found.get((each.vdn, each.id))) and each.may_be_a_replay(old)
    }


def _names_business_result(order: Order) -> bool:
    return isinstance(order.change, Result) and order.change.names_business_result


def _made_before(
    booking: Booking, claims: Claims, standing: dict[Key, Reservation]
) -> Reservation | None:
    """Return the reservation that this request, or its Idempotency-Key, made before."""
    claim = claims.get((booking.vdn, booking.idempotency_key or ""))
    if claim is not None:
        body, first_id = claim
        if body != booking.idempotency_body:
            raise ParameterWrong(
                "was used before with another body; send a new key", about="Idempotency-Key"
            )
        first = standing.get((booking.vdn, first_id))
        if first is not None and first.state == "cancelled":
            raise ParameterWrong(
                "was used for reservation {id}, which was deleted since; send a new key to reserve "
                "again",
                about="Idempotency-Key",
                id=first_id,
            )
        return first
    old = standing.get((booking.vdn, booking.id))
    if old is not None and old.request != booking.request:
        # Two requests drew the same 17 digits: let the second one sign anew.
        raise DatabaseFailed
    return old


def _reserved(booking: Booking, campaign: Campaign | None) -> Reservation:
    zone = None if campaign is None else zone_of(campaign, booking.zone)
    return booking.reservation(campaign, zone)


def _claim(booking: Booking) -> dict[str, object]:
    return {
        "vdn": booking.vdn,
        "idempotency_key": booking.idempotency_key,
        "idempotency_body": booking.idempotency_body,
        "id": booking.id,
        "seen_at": booking.at,
    }


def _event(
    cause: Booking | Order,
    detail: msgspec.Struct | dict[str, object],
    version: int,
    what: str | None = None,
) -> Event:
    return Event(
        vdn=cause.vdn,
        subject=cause.id,
        version=version,
        happened_at=cause.at,
        what=what or cause.change.what,  # type: ignore[union-attr]
        by_whom=cause.by,
        detail=detail_of(detail),
        # A reservation keeps the request that made it.
        request=cause.request if isinstance(cause, Order) else None,
    )
