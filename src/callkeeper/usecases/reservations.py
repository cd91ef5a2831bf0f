"""Use cases of reservations: reserve one, change one, find some."""

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.changes import Change, Order
from callkeeper.core.reservations.number_policy import NumberPolicy
from callkeeper.core.reservations.reservation import Booking, Reservation, Wish
from callkeeper.store.port.reservations import Booked, Page, Wanted
from callkeeper.usecases.origin import Origin


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
