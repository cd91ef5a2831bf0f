"""Use cases of campaigns and business results: add, change, find; define, list."""

from collections.abc import Collection
from functools import partial

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock, new_result_code
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.campaigns.campaign import Campaign, Status, campaign_id
from callkeeper.core.campaigns.changes import CampaignChange, CampaignOrder, NewCampaign, Revision
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.instants import SECOND_MS, Instant
from callkeeper.core.refusal import NoSuchCampaign
from callkeeper.store.port.campaigns import CampaignPage, CampaignsWanted, DefinitionPage
from callkeeper.store.port.store import Store

# How many of a campaign's calls are counted; beyond it, how many more does not matter.
COUNTED_MAX = 10_000
# How many campaigns are looked through for a name that others hold a part of, and how many at once.
_ALIKE = 100_000
_PAGE = 1_000


class Naming(msgspec.Struct, frozen=True):
    """A business result as its maker names it; without a code it is given one."""

    name: str
    code: str | None = None
    description: str = ""

    def result(self, vdn: int, parent: str, place: int, now: Instant) -> BusinessResult:
        """Return the result that it names."""
        code = self.code or new_result_code()
        return BusinessResult(vdn, parent, code, self.name, self.description, now, place)


class NewResult(Naming, frozen=True):
    """A business result as its maker names it, with its sub-results."""

    children: tuple[Naming, ...] = ()


class Awaited(msgspec.Struct, frozen=True):
    """How many automatic calls a campaign has to make, and how many of them are due already.

    Neither is counted beyond ``COUNTED_MAX``.
    """

    due: int
    all: int

    @property
    def later(self) -> int:
        """How many are to come, and not due yet."""
        return self.all - self.due

    @property
    def later_told(self) -> str:
        """The same, or that it is at least so many."""
        return f"{self.later} or more" if self.all >= COUNTED_MAX else str(self.later)


def counted(count: int) -> str:
    """Return how many there are, or that there are at least so many."""
    return str(count) if count < COUNTED_MAX else f"{COUNTED_MAX} or more"


class Campaigns:
    """The campaigns of all VDNs.

    ``active_max`` bounds a VDN's campaigns of a kind that have not ended; ``skill_queues`` are the
    ids there are, None: any.
    """

    def __init__(
        self,
        async_store: AsyncStore,
        clock: Clock,
        active_max: int,
        skill_queues: Collection[int] | None,
    ) -> None:
        self._store = async_store
        self._clock = clock
        self._active_max = active_max
        self.skill_queues = skill_queues

    async def add(  # noqa: PLR0913 - two are named
        self,
        vdn: int,
        plan: Plan,
        dates: tuple[Instant | None, Instant],
        status: Status,
        by: str,
        *,
        id: int | None = None,  # noqa: A002 - its name everywhere
        dial_settings: DialSettings | None = None,
        request: str | None = None,
    ) -> Campaign:
        """Add a campaign with the VDN's next id, from one date to another; None: from now on.

        Or with a given one, for who comes from elsewhere with the ids that a CRM already holds.
        """
        plan.check_skill_queue(self.skill_queues)
        now = self._clock.now()
        begin_at, end_at = dates
        opening = NewCampaign(
            vdn=vdn,
            plan=plan,
            begin_at=now - now % SECOND_MS if begin_at is None else begin_at,
            end_at=end_at,
            status=status,
            by=by,
            at=now,
            active_max=self._active_max,
            id=id,
            dial_settings=dial_settings or DialSettings(),
            request=request,
        )
        return await self._store.campaigns.add(opening)

    async def change(
        self,
        vdn: int,
        campaign_id: int,
        change: CampaignChange,
        by: str,
        *,
        request: str | None = None,
    ) -> Campaign:
        """Revise, pause, resume or delete a campaign, and return it as it then is."""
        if isinstance(change, Revision):
            change.plan.check_skill_queue(self.skill_queues)
        order = CampaignOrder(vdn, campaign_id, change, by, self._clock.now(), request)
        return await self._store.campaigns.change(order)

    async def one(self, vdn: int, campaign_id: int) -> Campaign:
        """Return a campaign."""
        campaign = await self._store.campaigns.get(vdn, campaign_id)
        if campaign is None:
            raise NoSuchCampaign("there is no campaign {id} in VDN {vdn}", id=campaign_id, vdn=vdn)
        return campaign

    async def awaited(self, vdn: int, campaign_id: int) -> Awaited:
        """Return how many automatic calls a campaign has to make."""
        count = partial(self._store.due.awaited, vdn, campaign_id, COUNTED_MAX)
        return Awaited(due=await count(self._clock.now()), all=await count())

    async def find(self, wanted: CampaignsWanted) -> CampaignPage:
        """Return a page of campaigns."""
        return await self._store.campaigns.find(wanted)


class Definitions:
    """The business results that VDNs have defined."""

    def __init__(self, async_store: AsyncStore, clock: Clock) -> None:
        self._store = async_store
        self._clock = clock

    async def define(
        self,
        vdn: int,
        new: NewResult,
        by: str,
        *,
        request: str | None = None,
    ) -> Definition:
        """Define a result with its sub-results; afterwards agents may file them."""
        now = self._clock.now()
        top = new.result(vdn, "", 0, now)
        below = tuple(
            child.result(vdn, top.code, place, now) for place, child in enumerate(new.children)
        )
        return await self._store.business_results.define(Definition(top, below, by, request))

    async def find(self, vdn: int, offset: int, limit: int) -> DefinitionPage:
        """Return a page of results with their sub-results."""
        return await self._store.business_results.find(vdn, offset, limit)


def campaign_meant(
    store: Store, vdn: int, text: str, now: Instant, *, page_rows: int = _PAGE
) -> int:
    """Return the id of the campaign that a person means by its id or its name.

    Digits are an id, of a deleted campaign too. Raise NoSuchCampaign.
    """
    id_ = campaign_id(text)
    if id_ is not None:
        return id_
    for offset in range(0, _ALIKE, page_rows):
        wanted = CampaignsWanted(vdn=vdn, offset=offset, limit=page_rows, now=now, name=text)
        page = store.campaigns.find(wanted)
        for each in page.campaigns:
            if each.name == text:
                return each.id
        if offset + page_rows >= page.total:
            break
    raise NoSuchCampaign(
        "there is no campaign named {name!r} in VDN {vdn}; `callkeeper campaign list` shows them",
        name=text,
        vdn=vdn,
    )
