"""Calls by hand: a person says when one begins and when it ends, and is told the number."""

import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.dialing.desk_call import CallRefused, check_hours
from callkeeper.core.dialing.policy import Limits
from callkeeper.core.dialing.triage import Judged
from callkeeper.core.instants import Instant
from callkeeper.core.people.house_rules import AnyHourBy, HouseRules
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import numbers_shown
from callkeeper.core.refusal import NoRight, ParameterWrong
from callkeeper.core.reservations.by_hand import (
    HandCall,
    HandCallBegins,
    HandCallEnds,
    last_hand_call,
)
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.store import Store
from callkeeper.store.zones import zone_of
from callkeeper.usecases.calling import callable_by


class HandCalls:
    """What people say of calls that no line makes; ``limits`` are the dialer's."""

    def __init__(self, async_store: AsyncStore, clock: Clock, limits: Limits) -> None:
        self._store = async_store
        self._clock = clock
        self._limits = limits
        self._log = structlog.get_logger()

    async def begin(self, person: Person, vdn: int, id_: str, *, anyway: bool = False) -> None:
        """Put down that a call begins now, which shows the person the number; the log tells so.

        While one of the person's goes on, nothing begins; while anybody else calls the customer,
        by hand or by a line, it is refused.

        ``anyway``: outside the hours of its campaign too, where the rules of the VDN let the person
        say so. Raise NoSuchReservation, CallRefused, OutsideHours, Overtaken; NoRight where the
        person is shown no number.
        """
        now = self._clock.now()

        def look(store: Store) -> tuple[Reservation, HouseRules, AnyHourBy | None, bool]:
            reservation, rules = callable_by(store, person, vdn, id_), store.rules.of(vdn).rules
            if numbers_shown(person, vdn, reservation.agent, rules) == "never":
                raise NoRight
            by = self._word(store, reservation, rules, now, anyway=anyway)
            call = hand_call(store, vdn, id_)
            return reservation, rules, by, call is not None and call.goes_on(person.by, now)

        reservation, rules, by, goes_on = await self._store.ask(look)
        if goes_on:
            return
        order = Order(
            vdn, id_, HandCallBegins(by), person.by, now, seen_version=reservation.version
        )
        await self._store.desk_calls.begin_by_hand(order)
        if rules.numbers == "on_request":
            self._log.info("number_revealed", person=person.login, vdn=vdn, reservation=id_)

    async def end(self, person: Person, vdn: int, id_: str) -> None:
        """Put down that the person's call is over; a second time nothing.

        Raise NoSuchReservation, Overtaken; ParameterWrong where they have none that goes on.
        """
        now = self._clock.now()

        def look(store: Store) -> tuple[Reservation, HandCall | None]:
            return callable_by(store, person, vdn, id_), hand_call(store, vdn, id_)

        reservation, call = await self._store.ask(look)
        if call is not None and call.by == person.by and call.ended_at is not None:
            return
        if call is None or not call.goes_on(person.by, now):
            raise ParameterWrong(
                "no call by hand of yours goes on here, so its end is not put down", about="id"
            )
        order = Order(vdn, id_, HandCallEnds(), person.by, now, seen_version=reservation.version)
        await self._store.reservations.change(order)

    def _word(
        self,
        store: Store,
        reservation: Reservation,
        rules: HouseRules,
        now: Instant,
        *,
        anyway: bool,
    ) -> AnyHourBy | None:
        campaign = store.campaigns.get(reservation.vdn, reservation.campaign_id)
        if campaign is None:
            raise CallRefused("its campaign was deleted", about="id")
        numbers = self._limits.numbers.of(reservation.vdn)
        against = numbers.objection(reservation.called_no)
        if against is not None:
            raise CallRefused.saying(against)
        judged = Judged(campaign, zone_of(campaign, self._limits.zone))
        return check_hours(judged, rules.outside_hours, now, anyway=anyway)


def hand_call(store: Store, vdn: int, id_: str) -> HandCall | None:
    """Return the call by hand of which no result was filed yet."""
    events = store.history.of(vdn, id_)
    return last_hand_call(each.told for each in events)
