"""Keeping campaigns: what whoever answers for a VDN sees of them, and who adds and changes them."""

from typing import NamedTuple

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import Clock
from callkeeper.core.campaigns.campaign import Campaign, Status
from callkeeper.core.campaigns.changes import (
    Arrange,
    CampaignChange,
    CampaignOrder,
    Delete,
    Revision,
)
from callkeeper.core.campaigns.dial_settings import DialSettings
from callkeeper.core.campaigns.plan import Plan
from callkeeper.core.instants import MINUTE_MS, Instant
from callkeeper.core.people.person import Person
from callkeeper.core.people.rights import check_may
from callkeeper.core.refusal import Overtaken, Refusal
from callkeeper.store.port.campaigns import CampaignPage, CampaignsWanted
from callkeeper.store.port.history import Event
from callkeeper.store.port.store import Store
from callkeeper.usecases.campaigns import Awaited, Campaigns

_EVENTS_MAX = 50


class CampaignWish(NamedTuple):
    """What somebody typed of a campaign: all that it is to be."""

    plan: Plan
    begin_at: Instant
    end_at: Instant
    dial_settings: DialSettings


class FoundCampaign(msgspec.Struct, frozen=True):
    """A campaign, how many automatic calls it has to make, and its newest events, newest first."""

    campaign: Campaign
    awaited: Awaited
    events: list[Event]


class CampaignKeeping:
    """The campaigns of a VDN, as people see and change them; each act only by who may."""

    def __init__(self, async_store: AsyncStore, clock: Clock, campaigns: Campaigns) -> None:
        self._store = async_store
        self._clock = clock
        self._campaigns = campaigns

    async def find(self, person: Person, wanted: CampaignsWanted) -> CampaignPage:
        """Return a page of campaigns, for whoever may pause them."""
        check_may(person, "pause_campaigns", wanted.vdn)
        return await self._campaigns.find(wanted)

    async def one(self, person: Person, vdn: int, campaign_id: int) -> FoundCampaign:
        """Return a campaign with its story. Raise NoSuchCampaign."""
        check_may(person, "pause_campaigns", vdn)
        campaign = await self._campaigns.one(vdn, campaign_id)
        awaited = await self._campaigns.awaited(vdn, campaign_id)

        def look(store: Store) -> list[Event]:
            return store.history.of(vdn, f"campaign/{campaign_id}")

        events = await self._store.ask(look)
        return FoundCampaign(campaign, awaited, events[: -_EVENTS_MAX - 1 : -1])

    async def add(self, person: Person, vdn: int, wish: CampaignWish, status: Status) -> Campaign:
        """Add a campaign. Raise ParameterWrong and its kin."""
        check_may(person, "define_campaigns", vdn)
        return await self._campaigns.add(
            vdn,
            wish.plan,
            (wish.begin_at, wish.end_at),
            status,
            person.by,
            dial_settings=wish.dial_settings,
        )

    async def revise(
        self, person: Person, vdn: int, campaign_id: int, wish: CampaignWish, seen_version: int
    ) -> Campaign:
        """Make a campaign what somebody typed who looked at a version of it.

        What cannot be changes nothing. Raise Overtaken, NoSuchCampaign, ParameterWrong and its kin.
        """
        check_may(person, "define_campaigns", vdn)
        old = await self._campaigns.one(vdn, campaign_id)
        if old.version != seen_version:
            raise Overtaken(
                "somebody changed the campaign meanwhile, so nothing was changed; look at it again"
            )
        # As it was made: the part of a second that no form shows stays.
        begin_at, end_at = (
            was if was // MINUTE_MS == typed // MINUTE_MS else typed
            for was, typed in ((old.begin_at, wish.begin_at), (old.end_at, wish.end_at))
        )
        revision = Revision(wish.plan, begin_at, end_at)
        new, settings = wish.dial_settings, old.dial_settings
        arrange = Arrange(new.time_zone, new.calls_max, new.retries, without_retries=True)
        changes: list[CampaignChange] = [revision]
        if new != settings:
            # The second is tried beforehand, so that the first is not written if that is refused.
            arrange.apply(revision.apply(old, self._clock.now()), self._clock.now())
            changes.append(arrange)
        wish.plan.check_skill_queue(self._campaigns.skill_queues)
        return await self._carried_out(person, vdn, campaign_id, changes, seen_version)

    async def delete(
        self, person: Person, vdn: int, campaign_id: int, seen_version: int
    ) -> Campaign:
        """Delete a campaign. Raise CampaignStarted, Overtaken or NoSuchCampaign."""
        check_may(person, "define_campaigns", vdn)
        return await self._carried_out(person, vdn, campaign_id, [Delete()], seen_version)

    async def _carried_out(
        self,
        person: Person,
        vdn: int,
        campaign_id: int,
        changes: list[CampaignChange],
        seen_version: int,
    ) -> Campaign:
        """Carry out changes one after the other: each sees the version that the last one made."""
        now = self._clock.now()
        orders = [
            CampaignOrder(
                vdn, campaign_id, each, person.by, now, seen_version=seen_version + number
            )
            for number, each in enumerate(changes)
        ]
        outcomes = await self._store.campaigns.change.many(orders)
        for each in outcomes:
            if isinstance(each, Refusal):
                raise each
        return [each for each in outcomes if isinstance(each, Campaign)][-1]
