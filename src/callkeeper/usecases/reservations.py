"""Use cases of reservations: reserve one, change one, find some."""

from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.changes import CallAgain, Change, Order
from callkeeper.core.reservations.number_policy import NumberPolicy
from callkeeper.core.reservations.reservation import Booking, Reservation, Wish
from callkeeper.core.reservations.slot import Guard
from callkeeper.store.port.reservations import Booked, Page, Wanted
from callkeeper.usecases.origin import Origin


class FormName(NamedTuple):
    """What tells a form from every other: when it was made, and some chance."""

    made_at: Instant
    token: str

    def digest(self, login: str, vdn: int) -> bytes:
        """Return what stands for the form in somebody's hands."""
        return request_digest(login, str(vdn), str(self.made_at), self.token)

    def id_of(self, login: str, vdn: int) -> str:
        """Return the id of the reservation that it makes, however often it is sent."""
        return id_for(self.made_at, self.digest(login, vdn))


class Bookings:
    """The reservations of all VDNs.

    ``lead_ms``: how much earlier an automatic one is dialed; ``zone``: the time zone of campaigns
    that have none of their own.
    """

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        lead_ms: int,
        zone: str = "UTC",
        *,
        slack_ms: int = 0,
        numbers: NumberPolicy | None = None,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._lead_ms = lead_ms
        self._zone = zone
        self._slack_ms = slack_ms
        self._numbers = numbers or NumberPolicy()

    async def reserve(self, wish: Wish, origin: Origin) -> Booked:
        """Book a call. The same signed request, or Idempotency-Key and body, books it once."""
        digest = request_digest(origin.ak, origin.signature)
        key = origin.idempotency_key
        booking = Booking(
            vdn=origin.vdn,
            id=id_for(origin.signed_at, digest),
            wish=wish,
            request=digest.hex(),
            by=origin.by,
            at=self._clock.now(),
            lead_ms=self._lead_ms,
            slack_ms=self._slack_ms,
            zone=self._zone,
            numbers=self._numbers.of(origin.vdn),
            idempotency_key=request_digest(key).hex() if key else None,
            idempotency_body=request_digest(origin.body.hex()).hex() if key else None,
        )
        return await self._store.reservations.add(booking)

    async def book(
        self, wish: Wish, vdn: int, form: FormName, person: Person, guard: Guard | None
    ) -> Booked:
        """Book a call for somebody who sent a form, into a slot that is guarded, or into any.

        The same form books it once.
        """
        booking = Booking(
            vdn=vdn,
            id=form.id_of(person.login, vdn),
            wish=wish,
            request=form.digest(person.login, vdn).hex(),
            by=person.by,
            at=self._clock.now(),
            lead_ms=self._lead_ms,
            zone=self._zone,
            numbers=self._numbers.of(vdn),
            guard=guard,
        )
        return await self._store.reservations.add(booking)

    def call_again(
        self, vdn: int, appoint_at: Instant, form: FormName, person: Person, guard: Guard
    ) -> CallAgain:
        """Return the next call to a customer, as somebody's form asks for it."""
        return CallAgain(
            id=form.id_of(person.login, vdn),
            request=form.digest(person.login, vdn).hex(),
            appoint_at=appoint_at,
            zone=self._zone,
            numbers=self._numbers.of(vdn),
            guard=guard,
        )

    async def change(self, reservation_id: str, change: Change, origin: Origin) -> Reservation:
        """Move, close or cancel a reservation, and return it as it then is."""
        now = self._clock.now()
        order = Order(
            vdn=origin.vdn,
            id=reservation_id,
            change=change,
            by=origin.by,
            at=now,
            slack_ms=self._slack_ms,
            request=origin.request,
            signed_at=origin.signed_at,
        )
        return await self._store.reservations.change(order)

    async def find(self, wanted: Wanted) -> Page:
        """Return a page of reservations."""
        return await self._store.reservations.find(wanted)
