"""Supervision: what whoever answers for a VDN sees of it, and does; each act only by who may."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.changes import CampaignOrder, Pause, Resume
from callkeeper.core.instants import MINUTE_MS, Instant
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may, may
from callkeeper.core.refusal import (
    NoSuchReservation,
    Overtaken,
    ParameterWrong,
    TooManyRequests,
)
from callkeeper.core.reservations.changes import Change, Order, Reassign, Seen
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.port.store import Store
from callkeeper.usecases.agents import AgentChoice, account_meant, agent_choices
from callkeeper.usecases.board import Board, Wanted, board
from callkeeper.usecases.day_report import DayReport, day_report
from callkeeper.usecases.promises import Day, Promises, Whose
from callkeeper.usecases.single_flight import Lately

# A day may have many promises, and all are read: so seldom, however many look.
COUNTED_MS = MINUTE_MS
_REMEMBERED_MOST = 1_000


_Counted = tuple[Day, Instant]  # and when it was


class Ticked(NamedTuple):
    """A reservation that somebody chose from a list, as it stood there."""

    id: str
    version: int


class Done(NamedTuple):
    """What became of many that were chosen: so many were changed, and which were left.

    ``overtaken``: those changed meanwhile; ``unfit``: it was none for them, by id. ``to``: the
    account of the agent whose they are now.
    """

    changed: int
    overtaken: tuple[str, ...]
    unfit: tuple[str, ...]
    to: str | None = None


class Overview(msgspec.Struct, frozen=True):
    """The board, how today's promises went so far and until when that was counted; who is there.

    ``rules`` are those by which whoever looks sees numbers; None: no number is for them.
    """

    board: Board
    today: Day
    today_at: Instant
    agents: list[AgentChoice]
    rules: HouseRules | None


class Supervision:
    """What a whole VDN has to do, for its supervisors. It belongs to one event loop."""

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        measure: Measure,
        *,
        report: Callable[..., DayReport] = day_report,
    ) -> None:
        self._make_report = report
        self._store = async_store
        self._clock = clock
        self._measure = measure
        self._days = Lately[_Counted](clock, COUNTED_MS, _REMEMBERED_MOST)
        self._reports = Lately[DayReport](clock, COUNTED_MS, _REMEMBERED_MOST)
        self._reporting: set[str] = set()  # logins of those who wait for one

    async def overview(
        self,
        person: Person,
        whose: Whose,
        today: tuple[Instant, Instant],
        limit: int,
        keeping: Wanted | None = None,
    ) -> Overview:
        """Return what there is to do in a VDN, with the first rows; ``today`` is of the reader."""
        check_may(person, "see_board", whose.vdn)
        now = self._clock.now()
        count = partial(self._count, whose, today)
        day, counted_at = await self._days.outcome(repr((*whose, *today)), count)
        sees_numbers = may(person, "show_numbers", whose.vdn)

        def look(store: Store) -> Overview:
            found = board(store, self._measure, whose, now, limit, keeping)
            agents = agent_choices(store, whose.vdn)
            rules = store.rules.of(whose.vdn).rules if sees_numbers else None
            return Overview(found, day, counted_at, agents, rules)

        return await self._store.ask(look)

    async def report(
        self, person: Person, vdn: int, day: tuple[Instant, Instant], *, to_keep: bool = False
    ) -> DayReport:
        """Return what a day of a VDN came to, or comes to so far; ``to_keep``: as a file.

        All promises of a day are read: raise TooManyRequests for whoever waits for another one.
        """
        check_may(person, "export" if to_keep else "see_reports", vdn)
        look = partial(self._report, person.login, vdn, day)
        return await self._reports.outcome(repr((vdn, *day)), look)

    async def say_seen(self, person: Person, vdn: int, ticked: Sequence[Ticked]) -> Done:
        """Say of broken promises that nobody else has to look at them."""
        check_may(person, "say_seen", vdn)
        return await self._change(person, vdn, [(each, Seen()) for each in ticked])

    async def reassign(
        self, person: Person, vdn: int, ticked: Sequence[Ticked], agent: str
    ) -> Done:
        """Have another agent keep promises, by the account or by what the VDN calls them.

        Raise ParameterWrong where that means none, or several.
        """
        check_may(person, "reassign", vdn)

        def look(store: Store) -> tuple[str, list[tuple[Ticked, Change]]]:
            account = account_meant(store, vdn, agent)
            changes: list[tuple[Ticked, Change]] = []
            for each in ticked:
                listed = store.reservations.get(vdn, each.id)
                giver = None if listed is None else listed.reservation.agent
                changes.append((each, Reassign(account, giver or "")))
            return account, changes

        account, changes = await self._store.ask(look)
        done = await self._change(person, vdn, changes)
        return done._replace(to=account)

    async def pause(self, person: Person, vdn: int, campaign_id: int) -> Campaign:
        """Have a campaign dial nothing. Raise NoSuchCampaign or StateForbids."""
        return await self._change_campaign(person, vdn, campaign_id, Pause())

    async def resume(self, person: Person, vdn: int, campaign_id: int) -> Campaign:
        """Have a campaign go on. Raise NoSuchCampaign or StateForbids."""
        return await self._change_campaign(person, vdn, campaign_id, Resume())

    async def _change_campaign(
        self, person: Person, vdn: int, campaign_id: int, change: Pause | Resume
    ) -> Campaign:
        check_may(person, "pause_campaigns", vdn)
        order = CampaignOrder(vdn, campaign_id, change, person.by, self._clock.now())
        return await self._store.campaigns.change(order)

    async def _change(
        self, person: Person, vdn: int, changes: Sequence[tuple[Ticked, Change]]
    ) -> Done:
        now = self._clock.now()
        orders = [
            Order(vdn, each.id, change, person.by, now, seen_version=each.version)
            for each, change in changes
        ]
        outcomes = await asyncio.gather(
            *(self._store.reservations.change(each) for each in orders), return_exceptions=True
        )
        overtaken: list[str] = []
        unfit: list[str] = []
        for order, each in zip(orders, outcomes, strict=True):
            if isinstance(each, Overtaken):
                overtaken.append(order.id)
            elif isinstance(each, ParameterWrong | NoSuchReservation):
                unfit.append(order.id)
            elif isinstance(each, BaseException):
                raise each
        changed = len(orders) - len(overtaken) - len(unfit)
        return Done(changed, tuple(overtaken), tuple(unfit))

    async def _count(self, whose: Whose, day: tuple[Instant, Instant]) -> _Counted:
        now = self._clock.now()
        promises = partial(Promises, measure=self._measure, whose=whose, now=now)
        return await self._store.ask(lambda store: promises(store).of_day(day, 0)), now

    async def _report(self, login: str, vdn: int, day: tuple[Instant, Instant]) -> DayReport:
        if login in self._reporting:
            raise TooManyRequests(
                "another report of yours is being made; try again once it is there"
            )
        now = self._clock.now()
        self._reporting.add(login)
        try:
            return await self._store.report(
                lambda store: self._make_report(store, self._measure, Whose(vdn), day, now)
            )
        finally:
            self._reporting.discard(login)
