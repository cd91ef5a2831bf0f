"""What is asked of the store about campaigns, and what it answers."""

from typing import Literal

import msgspec

from callkeeper.core.campaigns.business_result import BusinessResult
from callkeeper.core.campaigns.campaign import Campaign, Status


class CampaignsWanted(msgspec.Struct, frozen=True):
    """Which campaigns of a VDN to list; what is None does not filter. All filters hold at once.

    ``status`` is that of campaigns that have not ended at ``now``, ``ended`` True leaves only those
    that have; ``name`` is a part of the name. A campaign begins no earlier than ``begin_at`` and
    ends no later than ``end_at``.
    """

    vdn: int
    offset: int
    limit: int
    now: int
    name: str | None = None
    status: Status | None = None
    ended: Literal[True] | None = None
    device_type: int | None = None
    begin_at: int | None = None
    end_at: int | None = None


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
