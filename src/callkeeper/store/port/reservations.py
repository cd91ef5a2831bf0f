"""What is asked of the store about reservations, and what it answers."""

import msgspec

from callkeeper.core.campaigns.campaign import Status
from callkeeper.core.reservations.reservation import Reservation


class Booked(msgspec.Struct, frozen=True):
    """The reservation that a booking made, or had made before (``again``)."""

    reservation: Reservation
    again: bool


class Wanted(msgspec.Struct, frozen=True):
    """Which reservations of a VDN to list; what is None does not filter. All filters hold at once.

    ``begin_at`` and ``end_at`` bound the appointed time, both included.
    """

    vdn: int
    offset: int
    limit: int
    called_no: str | None = None
    agents: list[str] | None = None
    begin_at: int | None = None
    end_at: int | None = None
    campaign_id: int | None = None


class Listed(msgspec.Struct, frozen=True):
    """A reservation with the names that a list shows beside it."""

    reservation: Reservation
    campaign_name: str | None
    campaign_status: Status | None
    campaign_end_at: int | None
    campaign_deleted_at: int | None
    agent_name: str | None


class Unsettled(msgspec.Struct, frozen=True):
    """How much a VDN has that was due before an instant, and when its last change was.

    ``waiting`` is to be dialled, ``calling`` being dialled, ``manual`` for an agent to ring.
    """

    vdn: int
    waiting: int
    calling: int
    manual: int
    changed_at: int


class Page(msgspec.Struct, frozen=True):
    """A page of a list, and how many there are in all."""

    total: int
    listed: list[Listed]
