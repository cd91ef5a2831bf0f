"""Filing: what a person says of a call, and the customer's next call with it, or neither."""

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.instants import Instant
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import may
from callkeeper.core.reservations.changes import CallAgain, Order, Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.overtaking import still_seen
from callkeeper.usecases.promises import no_such
from callkeeper.usecases.reservations import Bookings, FormName
from callkeeper.usecases.slots import SlotBookings


class Filing:
    """Results, as people file them by forms."""

    def __init__(
        self, async_store: AsyncStore, clock: Clock, bookings: Bookings, slots: SlotBookings
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._bookings = bookings
        self._slots = slots

    async def file(  # noqa: PLR0913 - two are named
        self,
        person: Person,
        vdn: int,
        id_: str,
        result: Result,
        form: FormName,
        *,
        seen_version: int,
        again_at: Instant | None = None,
    ) -> Reservation:
        """File a result, and book the next call where a time for it is given.

        The same form does so once. Raise NoSuchReservation, Overtaken, ParameterWrong or SlotTaken,
        and then nothing is filed.
        """
        # What was typed belongs to it: whoever goes back and types more is told it is too late.
        of_one = FormName(form.made_at, f"{form.token} {id_} {result} {again_at}")

        def look(store: Store) -> tuple[int, CallAgain | None]:
            listed = store.reservations.get(vdn, id_)
            old = None if listed is None else listed.reservation
            if old is None or not _is_theirs(person, old):
                raise no_such(vdn, id_)
            seen = still_seen(store, person, old, seen_version)
            if again_at is None or store.reservations.get(vdn, of_one.id_of(person.login, vdn)):
                return seen, None  # what has been booked is in its own way
            guard = self._slots.guard(store, old, again_at, result.agent or old.agent)
            return seen, self._bookings.call_again(vdn, again_at, of_one, person, guard)

        seen, again = await self._store.ask(look)
        order = Order(
            vdn,
            id_,
            result,
            person.by,
            self._clock.now(),
            request=of_one.digest(person.login, vdn).hex(),
            seen_version=seen,
            again=again,
        )
        return await self._store.reservations.change(order)


def _is_theirs(person: Person, old: Reservation) -> bool:
    return old.state != "cancelled" and may(person, "change_reservation", old.vdn, old.agent)
