"""Work: what an agent has to do, and doing it; each act only by whoever may."""

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.business_result import BusinessResult
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import Act, may
from callkeeper.core.refusal import NoRight
from callkeeper.core.reservations.changes import Change, Order
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import Found, Kept, Promises, Whose, no_such
from callkeeper.usecases.timeline import Happening, happened

_RESULTS_MAX = 200

Results = list[tuple[BusinessResult, list[BusinessResult]]]


class Todo(msgspec.Struct, frozen=True):
    """What is open, what comes next first but for what is overdue; and what of a day is done."""

    open: Found
    done: Found


class FoundReservation(msgspec.Struct, frozen=True):
    """One reservation with its story, and what may be filed of it.

    ``shows_number``: its number is for whoever looks.
    """

    kept: Kept
    shows_number: bool
    events: list[Happening]
    results: Results


class Work:
    """The reservations of agents, as people see and change them."""

    def __init__(self, async_store: AsyncStore, clock: Clock, measure: Measure) -> None:
        self._store = async_store
        self._clock = clock
        self._measure = measure

    async def todo(
        self, person: Person, vdn: int, day: tuple[Instant, Instant], limit: int
    ) -> Todo:
        """Return what a person has to do in a VDN, of the first and last instant of their day."""
        role = person.role_in(vdn)
        agent = None if role is None else role.agent
        if agent is None or not may(person, "see_reservation", vdn, agent):
            raise NoRight
        now = self._clock.now()

        def look(store: Store) -> Todo:
            promises = Promises(store, self._measure, Whose(vdn, agent), now)
            return Todo(promises.open(limit), promises.within(day, limit, ("done",)))

        return await self._store.ask(look)

    async def one(self, person: Person, vdn: int, id_: str) -> FoundReservation:
        """Return a reservation with all that is known of it. Raise NoSuchReservation."""
        now = self._clock.now()

        def look(store: Store) -> FoundReservation:
            kept = Promises(store, self._measure, Whose(vdn), now).one(id_)
            _check(person, "see_reservation", kept.listed.reservation)
            return FoundReservation(
                kept,
                may(person, "show_numbers", vdn, kept.listed.reservation.agent),
                happened(store, vdn, id_),
                store.business_results.find(vdn, 0, _RESULTS_MAX).results,
            )

        return await self._store.ask(look)

    async def change(
        self, person: Person, vdn: int, id_: str, change: Change, seen_version: int | None
    ) -> Reservation:
        """Change a reservation that stood so when it was looked at.

        Raise NoSuchReservation, or Overtaken.
        """
        listed = await self._store.ask(lambda store: store.reservations.get(vdn, id_))
        if listed is None:
            raise no_such(vdn, id_)
        _check(person, "change_reservation", listed.reservation)
        order = Order(vdn, id_, change, person.by, self._clock.now(), seen_version=seen_version)
        return await self._store.reservations.change(order)


def _check(person: Person, act: Act, reservation: Reservation) -> None:
    """Refuse what a person may not act on, and what is deleted, as if there were none."""
    if reservation.state == "cancelled" or not may(person, act, reservation.vdn, reservation.agent):
        raise no_such(reservation.vdn, reservation.id)
