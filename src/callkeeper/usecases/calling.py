"""Calling: an agent asks for the call of a reservation, or for its end; and whether they can."""

from collections.abc import Iterable

import msgspec
import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_attempt_id
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import Asking, CallRefused, Stopping
from callkeeper.core.dialing.lease import Lease
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.endpoint import may_ring
from callkeeper.core.instants import Instant
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import may, numbers_shown
from callkeeper.core.reservations.number_policy import masked
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.usecases.promises import no_such

# In a number that an agent's phone shows: it can stand in SIP's From, and nobody is rung by it.
_MASK = "*"


class CallMeans(msgspec.Struct, frozen=True):
    """By what one can ask for a call: one's phone, and the line that rings it.

    Where either is None, calls are made by hand.
    """

    phone: str | None
    line: str | None

    @property
    def are_there(self) -> bool:
        """Whether one can ask for a call."""
        return self.phone is not None and self.line is not None


class Calling:
    """Calls that people ask for by pages; ``phones`` are the forms of those that may ring."""

    def __init__(self, async_store: AsyncStore, clock: Clock, limits: Limits, phones: str) -> None:
        self._store = async_store
        self._clock = clock
        self._limits = limits
        self._phones = phones
        self._log = structlog.get_logger()

    async def ask(self, person: Person, vdn: int, id_: str, *, anyway: bool = False) -> Attempt:
        """Ask for a call: the person's phone rings first. Raise NoSuchReservation, CallRefused.

        ``anyway``: outside the hours of its campaign too, where the rules of the VDN let the person
        say so; else OutsideHours.
        """
        now = self._clock.now()

        def look(store: Store) -> tuple[CallMeans, Reservation, HouseRules]:
            reservation = callable_by(store, person, vdn, id_)
            return means_of(store, person, vdn, now), reservation, store.rules.of(vdn).rules

        means, reservation, rules = await self._store.ask(look)
        if means.phone is None:
            raise CallRefused("no phone of yours is on record; ask your administrator", about="id")
        if not may_ring(means.phone, self._phones):  # one from before may be anything
            raise CallRefused(
                "your phone {phone} may not ring here; ask your administrator",
                about="id",
                phone=means.phone,
            )
        if means.line is None:
            raise CallRefused("no running dialer can ring your phone", about="id")
        shown = numbers_shown(person, vdn, reservation.agent, rules)
        asking = Asking(
            vdn=vdn,
            reservation_id=id_,
            attempt_id=new_attempt_id(now),
            line=means.line,
            desk=means.phone,
            asked_by=person.by,
            at=now,
            limits=self._limits,
            hours_rule=rules.outside_hours,
            anyway=anyway,
            desk_shows=masked(reservation.called_no, _MASK) if shown == "never" else None,
        )
        attempt = await self._store.desk_calls.ask(asking)
        if shown == "on_request":  # the phone that rings shows it
            self._log.info("number_revealed", person=person.login, vdn=vdn, reservation=id_)
        return attempt

    async def hang_up(self, person: Person, vdn: int, id_: str) -> None:
        """Ask for the end of the call that somebody asked for, if there is one.

        Raise NoSuchReservation.
        """
        await self._store.ask(lambda store: callable_by(store, person, vdn, id_))
        await self._store.desk_calls.stop(Stopping(vdn, id_, self._clock.now()))


def means_of(store: Store, person: Person, vdn: int, now: Instant) -> CallMeans:
    """Return by what a person can call in a VDN."""
    role = person.role_in(vdn)
    phone = None if role is None else role.phone
    return CallMeans(phone, None if phone is None else _line(store.leases.all(), now))


def _line(leases: Iterable[Lease], now: Instant) -> str | None:
    """Return the line over which somebody dials who is well; of several the first by name."""
    well = (each.line for each in leases if each.stands(now) and each.is_up and not each.trouble)
    return min(well, default=None)


def callable_by(store: Store, person: Person, vdn: int, id_: str) -> Reservation:
    """Return what a person may call; refuse it as if there were none where they may not."""
    listed = store.reservations.get(vdn, id_)
    if listed is None or not may(person, "call", vdn, listed.reservation.agent):
        raise no_such(vdn, id_)
    return listed.reservation
