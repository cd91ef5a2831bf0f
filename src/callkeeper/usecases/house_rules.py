"""House rules: reading those of a VDN, saying what others would change, and keeping them."""

from collections.abc import Iterator
from typing import NamedTuple

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.hours import are_open
from callkeeper.core.instants import DAY_MS
from callkeeper.core.people.house_rules import (
    HoursRule,
    HouseRules,
    KeptRules,
    Numbers,
    RulesOrder,
)
from callkeeper.core.people.person import Person, Role
from callkeeper.core.people.preferences import WARNING_MINUTES
from callkeeper.core.people.rights import check_may
from callkeeper.core.phrase import Phrase
from callkeeper.core.reservations.call_data import customer_name
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.core.reservations.screen_pop import check_template, unknown_names
from callkeeper.core.reservations.slot import slot_around
from callkeeper.store.port.reservations import Sought
from callkeeper.store.port.store import Store
from callkeeper.store.zones import clock_of, zone_of
from callkeeper.usecases.people import check_zone

# Of so many calls to come it is told how a rule would show them.
_LOOKED_AT = 200
_AHEAD_MS = 30 * DAY_MS

_NUMBERS: dict[Numbers, Phrase] = {
    "full": Phrase(
        "numbers are shown in full, in lists too, to whoever may see them; nothing is logged of it"
    ),
    "on_request": Phrase(
        "numbers are masked; whoever may see one asks for it on the call's page, and the log tells "
        "who did"
    ),
    "never": Phrase(
        "numbers are masked, and neither pages nor the phones of agents show one in full"
    ),
}

_HOURS: dict[HoursRule, Phrase] = {
    "refuse": Phrase("calls that agents ask for outside the hours of a campaign are refused"),
    "ask": Phrase(
        "calls that agents ask for outside the hours of a campaign are made if they say so once "
        "more, which the history tells"
    ),
    "allow": Phrase(
        "calls that agents ask for outside the hours of a campaign are made, which the history "
        "tells"
    ),
}


class _Outlook(NamedTuple):
    """What a VDN has that a rule may be about: its people, and calls to come."""

    vdn: int
    people: list[Person]
    ahead: list[Reservation]
    outside: int  # how many of the calls of agents are promised outside their campaign's hours

    @property
    def roles(self) -> list[Role]:
        """What its people are there."""
        roles = (each.role_in(self.vdn) for each in self.people)
        return [each for each in roles if each is not None]


class RuleKeeping:
    """The house rules of all VDNs. ``zone`` is that of a VDN that has none."""

    def __init__(self, async_store: AsyncStore, clock: Clock, zone: str) -> None:
        self._store = async_store
        self._clock = clock
        self._zone = zone

    async def kept(self, person: Person, vdn: int) -> KeptRules:
        """Return the rules of a VDN, for whoever may change them. Raise NoRight."""
        check_may(person, "keep_rules", vdn)
        return await self._store.rules.of(vdn)

    async def preview(self, person: Person, vdn: int, new: HouseRules) -> list[Phrase]:
        """Return what other rules would change, and for how many. Raise NoRight, ParameterWrong."""
        check_may(person, "keep_rules", vdn)
        self._check_rules(new)
        now = self._clock.now()

        def look(store: Store) -> list[Phrase]:
            sought = Sought(vdn, now, now + _AHEAD_MS)
            listed = store.outstanding.seek(sought, ("waiting",), _LOOKED_AT)
            ahead = [each.reservation for each in listed]
            outlook = _Outlook(
                vdn,
                [each for each in store.people.all(vdn) if each.disabled_at is None],
                ahead,
                self._outside(store, vdn, ahead),
            )
            return list(self._differences(store.rules.of(vdn).rules, new, outlook))

        return await self._store.ask(look)

    async def keep(self, person: Person, vdn: int, new: HouseRules, seen_version: int) -> KeptRules:
        """Keep other rules, as a deed. Raise NoRight, ParameterWrong or Overtaken."""
        check_may(person, "keep_rules", vdn)
        self._check_rules(new)
        order = RulesOrder(vdn, new, seen_version, person.by, self._clock.now())
        return await self._store.rules.change(order)

    def _check_rules(self, rules: HouseRules) -> None:
        rules.check()
        if rules.screen_pop is not None:
            check_template(rules.screen_pop)
        if rules.zone is not None:
            check_zone(rules.zone)

    def _outside(self, store: Store, vdn: int, ahead: list[Reservation]) -> int:
        """Return how many calls of agents are promised outside their campaign's hours."""
        manual = [each for each in ahead if each.kind == "manual"]
        found = (store.campaigns.get(vdn, id_) for id_ in {each.campaign_id for each in manual})
        hours = {
            each.id: (each.workday_windows, zone)
            for each in found
            if each is not None and (zone := zone_of(each, self._zone)) is not None
        }
        known = [each for each in manual if each.campaign_id in hours]
        return sum(not are_open(*hours[each.campaign_id], each.appoint_at) for each in known)

    def _shared(self, new: HouseRules, ahead: list[Reservation]) -> Phrase:
        zone = clock_of(new.zone, self._zone)
        taken = [
            (each.agent, slot_around(each.appoint_at, zone, new.slot_minutes).begin_at)
            for each in ahead
            if each.kind == "manual" and each.agent is not None
        ]
        return Phrase(
            "slots have {minutes} minutes: of the next {all} calls of agents {count} share one "
            "with another of the same agent, and stay",
            minutes=new.slot_minutes,
            all=len(taken),
            count=len(taken) - len(set(taken)),
        )

    def _differences(self, old: HouseRules, new: HouseRules, outlook: _Outlook) -> Iterator[Phrase]:
        """Yield a sentence for each rule that is another one."""
        if old.zone != new.zone:
            yield Phrase(
                "times are shown in {zone} to the people who have chosen no time zone: {count} of "
                "{all} here",
                zone=new.zone or self._zone,
                count=sum(each.zone is None for each in outlook.people),
                all=len(outlook.people),
            )
        if old.language != new.language:
            yield Phrase(
                "pages are in another language for the people who have chosen none: {count} of "
                "{all} here",
                count=sum(each.language is None for each in outlook.people),
                all=len(outlook.people),
            )
        if old.numbers != new.numbers:
            yield _NUMBERS[new.numbers]
        if old.agents_see != new.agents_see:
            yield _agents_see(new, outlook)
        if old.customer_member != new.customer_member:
            yield _customers(new, outlook.ahead)
        if (old.screen_pop, old.numbers) != (new.screen_pop, new.numbers):
            yield from _pops(new, outlook.ahead)
        if old.slot_minutes != new.slot_minutes:
            yield self._shared(new, outlook.ahead)
        if old.slot_calls_max != new.slot_calls_max:
            yield _calls_max(new)
        if old.warning_minutes != new.warning_minutes:
            yield _warning(new, outlook)
        yield from _hours(old, new, outlook)


def _pops(new: HouseRules, ahead: list[Reservation]) -> Iterator[Phrase]:
    if new.screen_pop is None:
        return
    unknown = [unknown_names(new.screen_pop, each, new.numbers) for each in ahead]
    yield Phrase(
        "of the next {all} calls {count} lead to a customer in your program",
        all=len(unknown),
        count=sum(not each for each in unknown),
    )
    names = sorted({name for each in unknown for name in each})
    if names:
        yield Phrase(
            "calls without a value for one of these names lead nowhere: {names}",
            names=", ".join(names),
        )


def _calls_max(new: HouseRules) -> Phrase:
    if new.slot_calls_max is None:
        return Phrase("a slot takes any number of calls of a campaign")
    return Phrase(
        "a slot takes {count} calls of a campaign; what is booked already stays",
        count=new.slot_calls_max,
    )


def _warning(new: HouseRules, outlook: _Outlook) -> Phrase:
    agents = [
        each
        for each in outlook.people
        if (role := each.role_in(outlook.vdn)) is not None and role.agent
    ]
    return Phrase(
        "calls are announced {minutes} minutes before their time to the agents who have chosen "
        "nothing else: {count} of {all} here; with 0 none is",
        minutes=WARNING_MINUTES if new.warning_minutes is None else new.warning_minutes,
        count=sum(each.preferences.warning_minutes is None for each in agents),
        all=len(agents),
    )


def _hours(old: HouseRules, new: HouseRules, outlook: _Outlook) -> Iterator[Phrase]:
    if old.outside_hours == new.outside_hours:
        return
    yield _HOURS[new.outside_hours]
    yield Phrase(
        "of the next {all} calls of agents {count} are promised outside those hours",
        all=sum(each.kind == "manual" for each in outlook.ahead),
        count=outlook.outside,
    )


def _agents_see(new: HouseRules, outlook: _Outlook) -> Phrase:
    agents = sum(each.kind == "agent" for each in outlook.roles)
    if new.agents_see == "vdn":
        return Phrase(
            "agents, of whom there are {count}, see all reservations of this VDN", count=agents
        )
    return Phrase(
        "agents, of whom there are {count}, see their own reservations alone", count=agents
    )


def _customers(new: HouseRules, ahead: list[Reservation]) -> Phrase:
    if new.customer_member is None:
        return Phrase("no customer is named")
    named = [customer_name(each.call_data, new.customer_member) for each in ahead]
    return Phrase(
        "{member} names the customer: of the next {all} calls it does so in {count}",
        member=new.customer_member,
        all=len(named),
        count=len(list(filter(None, named))),
    )
