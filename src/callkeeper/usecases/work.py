"""Work: what an agent has to do, and doing it; each act only by whoever may."""

import msgspec
import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.business_result import RESULTS_MAX, BusinessResult
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.dialing.desk_call import as_it_stands
from callkeeper.core.instants import DAY_MS, Instant
from callkeeper.core.people.house_rules import HouseRules, Numbers
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import DEFAULTS, Act, may, numbers_shown
from callkeeper.core.refusal import NoRight, NoSuchPath
from callkeeper.core.reservations.by_hand import HandCall, last_hand_call
from callkeeper.core.reservations.call_data import customer_name
from callkeeper.core.reservations.changes import Change, Order
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.screen_pop import names_number, screen_pop
from callkeeper.store.port.store import Store
from callkeeper.usecases.agents import AgentChoice, agent_choices
from callkeeper.usecases.calling import CallMeans, means_of
from callkeeper.usecases.overtaking import still_seen
from callkeeper.usecases.promises import Found, Kept, Promises, Whose, no_such
from callkeeper.usecases.standing import causes
from callkeeper.usecases.timeline import Happening, happened

# How long before today a call was promised whose business result is still asked for.
_UNFILED_MS = 7 * DAY_MS
_NONE = Found([], has_more=False, from_at=None, to_at=None)

Results = list[tuple[BusinessResult, list[BusinessResult]]]


class Todo(msgspec.Struct, frozen=True):
    """What is open, what comes next first but for what is overdue; and what of a day is done.

    ``unfiled``: what was answered lately, and misses a business result; none of it is in ``done``.
    """

    open: Found
    unfiled: Found
    done: Found
    rules: HouseRules
    means: CallMeans


class FoundReservation(msgspec.Struct, frozen=True):
    """One reservation with its story, and what may be filed of it.

    ``numbers``: how its number is shown to whoever looks; ``may_change``: it is theirs to change.
    """

    kept: Kept
    numbers: Numbers
    may_change: bool
    customer: str  # as call data names them, or ""
    means: CallMeans
    pops: bool  # whether it leads to a customer in somebody else's program
    attempts: list[Attempt]
    events: list[Happening]
    results: Results
    by_hand: HandCall | None  # the last of which no result was filed
    causes: list[str]  # why it stands as it does
    agents: list[AgentChoice]  # to whom whoever looks may give it


class Work:
    """The reservations of agents, as people see and change them."""

    def __init__(self, async_store: AsyncStore, clock: Clock, measure: Measure) -> None:
        self._store = async_store
        self._clock = clock
        self._measure = measure
        self._log = structlog.get_logger()

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
            unfiled = _NONE
            if _offered(store.business_results.find(vdn, 0, RESULTS_MAX).results):
                unfiled = promises.unfiled((day[0] - _UNFILED_MS, day[1]), limit)
            done = _without(promises.within(day, limit, ("done",)), unfiled)
            rules, means = store.rules.of(vdn).rules, means_of(store, person, vdn, now)
            return Todo(promises.open(limit), unfiled, done, rules, means)

        return await self._store.ask(look)

    async def one(self, person: Person, vdn: int, id_: str) -> FoundReservation:
        """Return a reservation with all that is known of it. Raise NoSuchReservation."""
        now = self._clock.now()

        def look(store: Store) -> FoundReservation:
            kept = Promises(store, self._measure, Whose(vdn), now).one(id_)
            rules = store.rules.of(vdn).rules
            reservation = kept.listed.reservation
            _check(person, "see_reservation", reservation, rules)
            events = happened(store, vdn, id_)
            return FoundReservation(
                kept,
                _numbers(person, reservation, rules),
                may(person, "change_reservation", vdn, reservation.agent),
                customer_name(reservation.call_data, rules.customer_member),
                means_of(store, person, vdn, now),
                _pop(person, reservation, rules) is not None,
                [as_it_stands(each, now) for each in store.attempts.of(vdn, id_)],
                events,
                _offered(store.business_results.find(vdn, 0, RESULTS_MAX).results),
                last_hand_call((each.what, each.by, each.at, each.detail) for each in events),
                causes(store, kept, now),
                _takers(store, person, reservation),
            )

        return await self._store.ask(look)

    async def show_number(self, person: Person, vdn: int, id_: str) -> str:
        """Return the number of a reservation to whoever asks for it; the log tells who did.

        Raise NoSuchReservation, or NoRight.
        """

        def look(store: Store) -> str:
            listed = store.reservations.get(vdn, id_)
            if listed is None:
                raise no_such(vdn, id_)
            rules = store.rules.of(vdn).rules
            _check(person, "see_reservation", listed.reservation, rules)
            if _numbers(person, listed.reservation, rules) == "never":
                raise NoRight
            return listed.reservation.called_no

        number = await self._store.ask(look)
        self._log.info("number_revealed", person=person.login, vdn=vdn, reservation=id_)
        return number

    async def pop(self, person: Person, vdn: int, id_: str) -> str:
        """Return the address of a customer in somebody else's program.

        Raise NoSuchReservation, or NoSuchPath where there is none. The log tells who saw a number.
        """

        def look(store: Store) -> tuple[str | None, bool]:
            listed = store.reservations.get(vdn, id_)
            if listed is None:
                raise no_such(vdn, id_)
            rules = store.rules.of(vdn).rules
            _check(person, "see_reservation", listed.reservation, rules)
            is_asked = rules.numbers == "on_request" and names_number(rules.screen_pop or "")
            return _pop(person, listed.reservation, rules), is_asked

        address, is_asked = await self._store.ask(look)
        if address is None:
            raise NoSuchPath("this call leads to no customer in your program")
        if is_asked:
            self._log.info("number_revealed", person=person.login, vdn=vdn, reservation=id_)
        return address

    async def change(
        self, person: Person, vdn: int, id_: str, change: Change, seen_version: int | None
    ) -> Reservation:
        """Change a reservation that stood so when it was looked at.

        Raise NoSuchReservation, or Overtaken.
        """

        def look(store: Store) -> int | None:
            listed = store.reservations.get(vdn, id_)
            if listed is None:
                raise no_such(vdn, id_)
            _check(person, "change_reservation", listed.reservation)
            if seen_version is None:
                return None
            return still_seen(store, person, listed.reservation, seen_version)

        seen = await self._store.ask(look)
        order = Order(vdn, id_, change, person.by, self._clock.now(), seen_version=seen)
        return await self._store.reservations.change(order)


def _check(
    person: Person, act: Act, reservation: Reservation, rules: HouseRules = DEFAULTS
) -> None:
    """Refuse what a person may not act on, and what is deleted, as if there were none."""
    is_theirs = may(person, act, reservation.vdn, reservation.agent, rules=rules)
    if reservation.state == "cancelled" or not is_theirs:
        raise no_such(reservation.vdn, reservation.id)


def _without(found: Found, others: Found) -> Found:
    ids = {each.listed.reservation.id for each in others.promises}
    kept = [each for each in found.promises if each.listed.reservation.id not in ids]
    return msgspec.structs.replace(found, promises=kept)


def _takers(store: Store, person: Person, reservation: Reservation) -> list[AgentChoice]:
    """Return to whom somebody may give a reservation: one that waits for an agent."""
    is_given = (reservation.kind, reservation.state) == ("manual", "waiting")
    if not is_given or not may(person, "reassign", reservation.vdn):
        return []
    return agent_choices(store, reservation.vdn)


def _numbers(person: Person, reservation: Reservation, rules: HouseRules) -> Numbers:
    """Return how a number is shown to somebody, by their role and by the rules of the VDN."""
    return numbers_shown(person, reservation.vdn, reservation.agent, rules)


def _pop(person: Person, reservation: Reservation, rules: HouseRules) -> str | None:
    return screen_pop(rules.screen_pop, reservation, _numbers(person, reservation, rules))


def _offered(results: Results) -> Results:
    """Return what pages offer of what a VDN has defined."""
    return [
        (top, [each for each in below if each.retired_at is None])
        for top, below in results
        if top.retired_at is None
    ]
