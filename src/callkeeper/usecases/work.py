"""Work: what an agent has to do, and doing it; each act only by whoever may."""

from functools import partial

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.business_result import BusinessResult
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.instants import Instant, Written
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import Act, may
from callkeeper.core.refusal import NoRight, NoSuchReservation
from callkeeper.core.reservations.changes import Change, Order
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import Day, Found, Kept, Promises, Whose
from callkeeper.usecases.timeline import Timeline, timeline

_RESULTS_MAX = 200

Results = list[tuple[BusinessResult, list[BusinessResult]]]


class Todo(msgspec.Struct, frozen=True):
    """What is open, what comes next first but for what is overdue; and how the day goes."""

    agent: str
    open: Found
    day: Day
    now: Instant


class FoundReservation(msgspec.Struct, frozen=True):
    """One reservation with its story, and what may be filed of it.

    ``shows_number``: its number is for whoever looks.
    """

    kept: Kept
    shows_number: bool
    timeline: Timeline
    results: Results
    now: Instant


class Work:
    """The reservations of agents, as people see and change them."""

    def __init__(
        self, async_store: AsyncStore, clock: Clock, measure: Measure, limits: Limits
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._measure = measure
        self._limits = limits

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
            return Todo(agent, promises.open(limit), promises.of_day(day, limit, ("done",)), now)

        return await self._store.ask(look)

    async def one(self, person: Person, vdn: int, id_: str, written: Written) -> FoundReservation:
        """Return a reservation with all that is known of it. Raise NoSuchReservation."""
        now = self._clock.now()
        shows = may(person, "show_numbers", vdn, (await self._standing(person, vdn, id_)).agent)

        def look(store: Store) -> FoundReservation:
            reservation = _of_vdn(store, vdn, id_)
            return FoundReservation(
                Promises(store, self._measure, Whose(vdn), now).one(reservation),
                shows,
                timeline(
                    store, reservation, self._limits, now, show_numbers=shows, written=written
                ),
                store.business_results.find(vdn, 0, _RESULTS_MAX).results,
                now,
            )

        return await self._store.ask(look)

    async def change(
        self, person: Person, vdn: int, id_: str, change: Change, seen_version: int | None
    ) -> Reservation:
        """Change a reservation that stood so when it was looked at. Raise Overtaken, NoRight."""
        await self._standing(person, vdn, id_, "change_reservation")
        order = Order(vdn, id_, change, person.by, self._clock.now(), seen_version=seen_version)
        return await self._store.reservations.change(order)

    async def _standing(
        self, person: Person, vdn: int, id_: str, act: Act = "see_reservation"
    ) -> Reservation:
        """Return a reservation that a person may act on; of others nothing is told."""
        reservation = await self._store.ask(partial(_of_vdn, vdn=vdn, id_=id_))
        if not may(person, act, vdn, reservation.agent):
            raise _none(vdn, id_)
        return reservation


def _of_vdn(store: Store, vdn: int, id_: str) -> Reservation:
    for each in store.reservations.with_id(id_):
        if each.vdn == vdn and each.state != "cancelled":
            return each
    raise _none(vdn, id_)


def _none(vdn: int, id_: str) -> NoSuchReservation:
    return NoSuchReservation(
        "there is no reservation {id!r} in VDN {vdn}", about="id", id=id_, vdn=vdn
    )
