"""Slots: booking a call, or moving one, where its agent is free; and what is free instead."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import Campaign, campaign_id
from callkeeper.core.instants import HOUR_MS, Instant
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person
from callkeeper.core.people.presence import Presence, presence_of
from callkeeper.core.people.rights import check_may, may
from callkeeper.core.refusal import NoRight, ParameterWrong, TimeWrong
from callkeeper.core.reservations.changes import Move, Order
from callkeeper.core.reservations.reservation import CALLED_NO, REMARK, Kind, Reservation, Wish
from callkeeper.core.reservations.slot import REACH_MS, Diary, Guard, Offer
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.store.port.reservations import Listed, Wanted
from callkeeper.store.port.store import Store
from callkeeper.store.zones import clock_of, zone_name, zone_of
from callkeeper.usecases.agents import AgentChoice, agent_choices, is_agent
from callkeeper.usecases.overtaking import still_seen
from callkeeper.usecases.promises import no_such
from callkeeper.usecases.reservations import Bookings, FormName

# A slot, and what its clock may be set by, lie beyond what is looked for at either end.
_MARGIN_MS = 2 * HOUR_MS
_CAMPAIGNS_MAX = 500
_OPEN_MAX = 100  # of one number; the newest of them are looked at


class CampaignChoice(NamedTuple):
    """A campaign, and when it makes calls: ``hours`` by the clock of ``zone``; "" at any."""

    id: int
    name: str
    hours: str
    zone: str


class Choices(msgspec.Struct, frozen=True):
    """What may be chosen for a call, and what is open of a number already.

    ``like`` is the reservation that the call is to be like. ``may_overbook``: a taken slot too.
    """

    campaigns: list[CampaignChoice]
    agents: list[AgentChoice]
    zone: str
    rules: HouseRules
    may_overbook: bool
    like: Reservation | None
    open: list[Listed]


class FreeSlots(NamedTuple):
    """What is free instead of what was asked for."""

    times: tuple[Instant, ...] = ()
    agents: tuple[AgentChoice, ...] = ()


class NewCall(msgspec.Struct, frozen=True):
    """A call as somebody asks for it, at an instant.

    Without a number it has that of ``like``, a reservation, and its call data too.
    """

    number: str
    campaign_id: str
    appoint_at: Instant
    agent: str
    kind: Kind
    note: str = ""
    like: str = ""


class SlotBookings:
    """Booking by slots. ``zone`` is that of VDNs and campaigns that have none of their own."""

    def __init__(
        self, async_store: AsyncStore, clock: Clock, bookings: Bookings, zone: str
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._bookings = bookings
        self._zone = zone

    async def choices(self, person: Person, vdn: int, *, number: str, like: str) -> Choices:
        """Return what a person may choose for a call to a number, or one like another.

        Raise NoRight or NoSuchReservation.
        """
        check_may(person, "book", vdn, _own_agent(person, vdn))
        now = self._clock.now()

        def look(store: Store) -> Choices:
            rules = store.rules.of(vdn).rules
            model = _theirs(store, person, vdn, like) if like else None
            called_no = number or (model.called_no if model else "")
            wanted = CampaignsWanted(vdn=vdn, offset=0, limit=_CAMPAIGNS_MAX, now=now)
            found = store.campaigns.find(wanted).campaigns
            return Choices(
                campaigns=[self._choice(each) for each in found if not each.has_ended(now)],
                agents=_agents(store, person, vdn),
                zone=rules.zone or self._zone,
                rules=rules,
                may_overbook=may(person, "overbook", vdn),
                like=model,
                open=_open(store, vdn, called_no) if called_no else [],
            )

        return await self._store.ask(look)

    async def book(
        self, person: Person, vdn: int, call: NewCall, form: FormName, *, anyway: bool = False
    ) -> Reservation:
        """Book a call, or return what the same form has booked before.

        ``anyway``: also where the slot is taken. Raise NoRight, ParameterWrong, SlotTaken.
        """
        agent = _own_agent(person, vdn) or call.agent
        check_may(person, "book", vdn, agent)
        if anyway and not may(person, "overbook", vdn):
            raise NoRight
        now = self._clock.now()

        def look(store: Store) -> tuple[Wish, Guard | None]:
            wish = _wish(store, person, vdn, msgspec.structs.replace(call, agent=agent))
            again = store.reservations.get(vdn, form.id_of(person.login, vdn))
            if again is not None or anyway:  # what has been booked is in its own way
                return wish, None
            return wish, self._free(store, vdn, wish, now)

        wish, guard = await self._store.ask(look)
        booked = await self._bookings.book(wish, vdn, form, person, guard)
        made = booked.reservation
        if booked.again and made.version == 1 and not _is(made, wish):
            raise ParameterWrong(
                "this form has booked a call already; if this is to be another one, send it again",
                about="again",
            )
        return made

    async def move(
        self,
        person: Person,
        vdn: int,
        id_: str,
        appoint_at: Instant,
        seen_version: int,
        *,
        anyway: bool = False,
    ) -> Reservation:
        """Move a call to where its agent is free, or ``anyway``.

        Raise NoSuchReservation, NoRight, Overtaken, ParameterWrong or SlotTaken.
        """
        if anyway and not may(person, "overbook", vdn):
            raise NoRight
        now = self._clock.now()

        def look(store: Store) -> tuple[int, Guard | None]:
            old = _theirs(store, person, vdn, id_)
            seen = still_seen(store, person, old, seen_version)
            stays = appoint_at == old.appoint_at
            if anyway or stays or old.agent is None:
                return seen, None
            if appoint_at < now:
                raise _passed()
            diary = self._diary(store, vdn, old.campaign_id, appoint_at, but=id_)
            return seen, diary.check(appoint_at, old.agent, _name_of(store, vdn, old.agent))

        seen, guard = await self._store.ask(look)
        order = Order(
            vdn,
            id_,
            Move(appoint_at=appoint_at),
            person.by,
            now,
            seen_version=seen,
            guard=guard,
        )
        return await self._store.reservations.change(order)

    def guard(
        self, store: Store, old: Reservation, appoint_at: Instant, agent: str | None
    ) -> Guard:
        """Return what must hold of the slot of the call that an agent makes after another one.

        Raise TimeWrong or SlotTaken.
        """
        if appoint_at < self._clock.now():
            raise _passed()
        diary = self._diary(store, old.vdn, old.campaign_id, appoint_at, but=old.id)
        return diary.check(appoint_at, agent, _name_of(store, old.vdn, agent))

    async def instead(self, person: Person, vdn: int, call: NewCall) -> FreeSlots:
        """Return what is free instead of a call that was refused. Raise NoRight."""
        agent = _own_agent(person, vdn) or call.agent
        check_may(person, "book", vdn, agent)
        id_ = campaign_id(call.campaign_id)
        if id_ is None:
            return FreeSlots()
        rings = agent if call.kind == "manual" else None

        def look(store: Store) -> FreeSlots:
            agents = {each.account: each for each in _agents(store, person, vdn)}
            there = _presence(store, vdn, agents, self._clock.now())
            offer = self._offer(store, vdn, id_, call.appoint_at, rings, there)
            return FreeSlots(offer.times, tuple(agents[each] for each in offer.agents))

        return await self._store.ask(look)

    async def times_instead(
        self, person: Person, vdn: int, id_: str, appoint_at: Instant
    ) -> FreeSlots:
        """Return what times are free instead of one to which a call was to be moved."""

        def look(store: Store) -> FreeSlots:
            old = _theirs(store, person, vdn, id_)
            offer = self._offer(store, vdn, old.campaign_id, appoint_at, old.agent, {}, but=id_)
            return FreeSlots(offer.times)

        return await self._store.ask(look)

    def _offer(  # noqa: PLR0913 - one is named
        self,
        store: Store,
        vdn: int,
        campaign: int,
        at: Instant,
        agent: str | None,
        others: Mapping[str, Presence | None],
        *,
        but: str | None = None,
    ) -> Offer:
        now = self._clock.now()
        diary = self._diary(store, vdn, campaign, max(at, now), but=but)
        return diary.offer(at, agent, others, now)

    def _free(self, store: Store, vdn: int, wish: Wish, now: Instant) -> Guard:
        """Return what must hold of the slot of a call. Raise TimeWrong or SlotTaken."""
        if wish.appoint_at < now:
            raise _passed()
        id_ = campaign_id(wish.campaign_id) or 0
        diary = self._diary(store, vdn, id_, wish.appoint_at)
        agent = wish.agent if wish.kind == "manual" else None
        return diary.check(wish.appoint_at, agent, _name_of(store, vdn, agent))

    def _diary(
        self, store: Store, vdn: int, campaign: int, at: Instant, *, but: str | None = None
    ) -> Diary:
        """Return the calls around a time, for a call of a campaign."""
        rules = store.rules.of(vdn).rules
        found = store.campaigns.get(vdn, campaign)
        around = (at - REACH_MS - _MARGIN_MS, at + REACH_MS + _MARGIN_MS)
        return Diary(
            rules,
            clock_of(rules.zone, self._zone),
            (found, None if found is None else zone_of(found, self._zone)),
            store.outstanding.calls(vdn, around, campaign, but=but),
            zone_name=self._zone,
        )

    def _choice(self, campaign: Campaign) -> CampaignChoice:
        hours = ", ".join(each.hours for each in campaign.workday_windows)
        return CampaignChoice(campaign.id, campaign.name, hours, zone_name(campaign, self._zone))


def _wish(store: Store, person: Person, vdn: int, call: NewCall) -> Wish:
    """Return what was asked for, of what may be. Raise ParameterWrong or NoSuchReservation."""
    model = _theirs(store, person, vdn, call.like) if call.like else None
    number = call.number or (model.called_no if model else "")
    if not number:
        raise ParameterWrong("the number is missing", about="called_no")
    CALLED_NO.check(number, "called_no")
    REMARK.check(call.note, "remark")
    if campaign_id(call.campaign_id) is None:
        raise ParameterWrong("choose a campaign", about="campaign_id")
    if call.agent != _own_agent(person, vdn) and not is_agent(store, vdn, call.agent):
        raise ParameterWrong("choose an agent", about="agent")
    is_same = model is not None and number == model.called_no
    return Wish(
        kind=call.kind,
        called_no=number,
        campaign_id=call.campaign_id,
        appoint_at=call.appoint_at,
        agent=call.agent,
        call_data=model.call_data if model is not None and is_same else None,
        remark=call.note or None,
    )


def _agents(store: Store, person: Person, vdn: int) -> list[AgentChoice]:
    """Return the agents for whom a person may book, by name: an agent for themselves alone."""
    own = _own_agent(person, vdn)
    if own is not None:
        return [AgentChoice(own, person.name)]
    return agent_choices(store, vdn)


def _presence(
    store: Store, vdn: int, accounts: Iterable[str], now: Instant
) -> dict[str, Presence | None]:
    """Return whether agents are there; None where nobody signs in as one."""
    seen = store.presence.agents_seen(vdn)
    return {each: presence_of(seen[each], now) if each in seen else None for each in accounts}


def _name_of(store: Store, vdn: int, agent: str | None) -> str:
    known = None if agent is None else store.agents.get(vdn, agent)
    return (known.user_name if known else None) or agent or ""


def _open(store: Store, vdn: int, number: str) -> list[Listed]:
    """Return what waits of a number, by time; of many reservations the latest are looked at."""
    total = store.reservations.find(Wanted(vdn, 0, 1, called_no=number)).total
    latest = Wanted(vdn, max(0, total - _OPEN_MAX), _OPEN_MAX, called_no=number)
    found = store.reservations.find(latest).listed if total else []
    return [each for each in found if each.reservation.state == "waiting"]


def _own_agent(person: Person, vdn: int) -> str | None:
    """Return as whom somebody books who books for nobody else."""
    role = person.role_in(vdn)
    is_agent = role is not None and role.kind == "agent" and person.role_in(None) is None
    return role.agent if role is not None and is_agent else None


def _theirs(store: Store, person: Person, vdn: int, id_: str) -> Reservation:
    """Return a reservation that a person may change. Raise NoSuchReservation.

    Who sees a colleague's alone does not see its number, and so neither moves nor repeats it.
    """
    listed = store.reservations.get(vdn, id_)
    if listed is None or listed.reservation.state == "cancelled":
        raise no_such(vdn, id_)
    if not may(person, "change_reservation", vdn, listed.reservation.agent):
        raise no_such(vdn, id_)
    return listed.reservation


def _is(made: Reservation, wish: Wish) -> bool:
    """Whether a reservation is what was asked for."""
    return (made.kind, made.called_no, made.campaign_id, made.appoint_at, made.agent) == (
        wish.kind,
        wish.called_no,
        campaign_id(wish.campaign_id),
        wish.appoint_at,
        wish.agent,
    ) and made.remark == wish.remark


def _passed() -> TimeWrong:
    return TimeWrong("that time has passed; choose one to come", about="at")
