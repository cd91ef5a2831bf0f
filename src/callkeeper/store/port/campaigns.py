"""What is asked of the store about campaigns, and what it answers.

Instants are UTC milliseconds.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from callkeeper.core.campaigns.business_result import (
    BusinessResult,
    DefinedResults,
    Definition,
    ResultOffer,
    SubResult,
)
from callkeeper.core.campaigns.campaign import Campaign, Status
from callkeeper.core.campaigns.changes import CampaignOrder, NewCampaign
from callkeeper.core.instants import Instant
from callkeeper.core.refusal import Refusal


class CampaignsWanted(msgspec.Struct, frozen=True):
    """Which campaigns of a VDN to list; what is None does not filter. All filters hold at once.

    ``status`` is that of campaigns that have not ended at ``now``, ``ended`` True leaves only those
    that have; ``name`` is a part of the name. A campaign begins no earlier than ``begin_at`` and
    ends no later than ``end_at``.
    """

    vdn: int
    offset: int
    limit: int
    now: Instant
    name: str | None = None
    status: Status | None = None
    ended: Literal[True] | None = None
    device_type: int | None = None
    begin_at: Instant | None = None
    end_at: Instant | None = None


class CampaignPage(msgspec.Struct, frozen=True):
    """A page of campaigns, how many match in all, and how many the VDN has that have not ended."""

    total: int
    campaigns: list[Campaign]
    active_skill: int
    active_ivr: int


class DefinitionPage(msgspec.Struct, frozen=True):
    """A page of business results, each with its sub-results, and how many there are in all."""

    total: int
    results: list[tuple[BusinessResult, list[BusinessResult]]]


class Campaigns(Protocol):
    """The verbs about campaigns."""

    def get(self, vdn: int, campaign_id: int) -> Campaign | None:
        """Return a campaign that is not deleted."""

    def add(self, openings: Sequence[NewCampaign]) -> list[Campaign | Refusal]:
        """Add campaigns, each with its first event, within the quota and uniquely named.

        A request that was carried out before answers the campaign that it added.
        """

    def change(self, orders: Sequence[CampaignOrder]) -> list[Campaign | Refusal]:
        """Carry out changes of campaigns, in order, each with its event.

        One whose request was carried out before changes nothing and answers what stands.
        """

    def find(self, wanted: CampaignsWanted) -> CampaignPage:
        """Return a page of campaigns, by id; deleted ones never."""


class BusinessResults(Protocol):
    """The verbs about business results."""

    def define(self, definitions: Sequence[Definition]) -> list[Definition | Refusal]:
        """Define business results, each with its sub-results and its event.

        A request that was carried out before defines nothing.
        """

    def extend(self, subs: Sequence[SubResult]) -> list[BusinessResult | Refusal]:
        """Define sub-results below results that there are, each as a deed; refuse NoSuchResult."""

    def offer(self, offers: Sequence[ResultOffer]) -> list[BusinessResult | Refusal]:
        """Retire results, or offer them again, each as a deed; refuse NoSuchResult."""

    def find(self, vdn: int, offset: int, limit: int) -> DefinitionPage:
        """Return a page of top-level business results, oldest first, with their sub-results."""

    def of(self, vdn: int) -> DefinedResults:
        """Return all that a VDN has defined."""
