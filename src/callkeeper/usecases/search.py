"""Search: the reservations of a VDN by number, agent, campaign and time, page by page."""

from contextlib import suppress

import msgspec
import structlog

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.instants import Instant
from callkeeper.core.people.house_rules import HouseRules
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may, may, numbers_shown
from callkeeper.core.refusal import NoRight, ParameterWrong
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.store.port.campaigns import CampaignsWanted
from callkeeper.store.port.reservations import Listed, Page, Wanted
from callkeeper.store.port.store import Store
from callkeeper.usecases.agents import AgentChoice, account_meant, agent_choices
from callkeeper.usecases.promises import FIRST, LAST, LISTED, Kept, Promises, Whose

# How many calls a file takes, and how many of them are read at once.
FILE_MAX = 10_000
_READ_AT_ONCE = 1_000
# Of one number so many are looked through for what is outstanding: the latest.
OF_NUMBER_MAX = 1_000
_CAMPAIGNS_MAX = 200


class Query(msgspec.Struct, frozen=True):
    """What is looked for; what is None does not narrow it. All of it holds at once."""

    number: str | None = None
    agent: str | None = None
    campaign_id: int | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None
    is_outstanding: bool = False


class FoundCalls(msgspec.Struct, frozen=True):
    """A page of what was found, and how many there are in all.

    ``rules`` are those of the VDN; ``sees_all``: ``reader``, who looks, sees not only their own.
    ``campaigns`` may be chosen, and ``agents``.
    """

    total: int
    calls: list[Kept]
    reader: Person
    rules: HouseRules
    sees_all: bool
    campaigns: list[Campaign]
    agents: list[AgentChoice]

    def rules_of(self, call: Reservation) -> HouseRules:
        """Return the rules by which whoever looks sees a call: not each one is theirs."""
        numbers = numbers_shown(self.reader, call.vdn, call.agent, self.rules)
        return msgspec.structs.replace(self.rules, numbers=numbers)


class Search:
    """Finding reservations. ``of_number``: of one number so many are looked through."""

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        measure: Measure,
        *,
        of_number: int = OF_NUMBER_MAX,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._measure = measure
        self._of_number = of_number
        self._log = structlog.get_logger()

    async def find(
        self, person: Person, vdn: int, query: Query, offset: int, limit: int
    ) -> FoundCalls:
        """Return a page of what is found, by time. Raise NoRight.

        Its agent is meant by the account, or by what the VDN calls one alone.
        """
        now = self._clock.now()

        def look(store: Store) -> FoundCalls:
            rules = store.rules.of(vdn).rules
            sees_all = may(person, "see_reservation", vdn, rules=rules)
            whose = _meant(store, vdn, query) if sees_all else _of(query, _own(person, vdn))
            page = self._page(store, vdn, whose, offset, limit)
            wanted = CampaignsWanted(vdn=vdn, offset=0, limit=_CAMPAIGNS_MAX, now=now)
            return FoundCalls(
                total=page.total,
                calls=Promises(store, self._measure, Whose(vdn), now).judged(page.listed),
                reader=person,
                rules=rules,
                sees_all=sees_all,
                campaigns=store.campaigns.find(wanted).campaigns,
                agents=agent_choices(store, vdn) if may(person, "reassign", vdn) else [],
            )

        return await self._store.ask(look)

    async def export(self, person: Person, vdn: int, query: Query) -> FoundCalls:
        """Return all of what is found; the log tells who took it. Raise NoRight, ParameterWrong."""
        check_may(person, "export", vdn)
        found = await self.find(person, vdn, query, 0, _READ_AT_ONCE)
        if found.total > FILE_MAX:
            raise ParameterWrong(
                "{total} calls are found, and a file takes {most}; narrow it",
                about="to",
                total=found.total,
                most=FILE_MAX,
            )
        calls = list(found.calls)
        while len(calls) < found.total:
            more = await self.find(person, vdn, query, len(calls), _READ_AT_ONCE)
            if not more.calls:  # some were deleted meanwhile
                break
            calls += more.calls
        self._log.info("reservations_exported", person=person.login, vdn=vdn, count=len(calls))
        return msgspec.structs.replace(found, calls=calls)

    def _page(self, store: Store, vdn: int, query: Query, offset: int, limit: int) -> Page:
        wanted = Wanted(
            vdn,
            offset,
            limit,
            query.number,
            None if query.agent is None else [query.agent],
            query.begin_at,
            query.end_at,
            query.campaign_id,
        )
        if not query.is_outstanding:
            return store.reservations.find(wanted)
        if query.number is not None:
            found = [each for each in self._latest(store, wanted) if _is_outstanding(each)]
            return Page(len(found), found[offset : offset + limit])
        sought = Whose(vdn, query.agent, query.campaign_id).within(
            FIRST if query.begin_at is None else query.begin_at,
            LAST if query.end_at is None else query.end_at,
        )
        total = sum(each.count for each in store.outstanding.count(sought, FIRST, FIRST))
        return Page(total, store.outstanding.seek(sought, LISTED, limit, offset=offset))

    def _latest(self, store: Store, wanted: Wanted) -> list[Listed]:
        """Return the latest of what is wanted, by time: what is outstanding is seldom old."""
        total = store.reservations.find(msgspec.structs.replace(wanted, offset=0, limit=1)).total
        begin = max(0, total - self._of_number)
        latest = msgspec.structs.replace(wanted, offset=begin, limit=self._of_number)
        return store.reservations.find(latest).listed


def _meant(store: Store, vdn: int, query: Query) -> Query:
    """Return a query for the agent who is meant; what means none stays, and finds nothing."""
    if query.agent is None:
        return query
    with suppress(ParameterWrong):
        return _of(query, account_meant(store, vdn, query.agent))
    return query


def _of(query: Query, agent: str) -> Query:
    return msgspec.structs.replace(query, agent=agent)


def _own(person: Person, vdn: int) -> str:
    """Return the account of an agent, who finds their own. Raise NoRight."""
    role = person.role_in(vdn)
    if role is None or role.agent is None or not may(person, "see_reservation", vdn, role.agent):
        raise NoRight
    return role.agent


def _is_outstanding(listed: Listed) -> bool:
    reservation = listed.reservation
    is_unseen = reservation.wants_a_look and reservation.seen_at is None
    return reservation.state in ("waiting", "calling") or is_unseen
