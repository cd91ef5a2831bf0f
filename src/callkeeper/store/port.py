"""What a database must be able to do for us, in our words.

Verbs are plain blocking code, each called on a thread of the store's own. A verb that writes takes
a list and answers a list, one outcome or refusal each, in order: one bad item fails alone. It runs
inside the caller's ``transaction`` and nothing of it is durable before that ends. A verb whose
database fails raises DatabaseFailed, and then nothing of the transaction was stored; only when a
PostgreSQL is lost during the commit itself is that open, and the refusal says so.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

import msgspec

from callkeeper.core.allowance import Allowance, Limit
from callkeeper.core.campaigns.business_result import BusinessResult, Definition
from callkeeper.core.campaigns.campaign import Campaign, Status
from callkeeper.core.campaigns.changes import CampaignOrder, Opening
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Booking, Reservation
from callkeeper.store.file_identity import Inode
from callkeeper.store.ledger import Ledger


class Collision(Exception):  # noqa: N818 - it is no error
    """Another process wrote first what this transaction was about to write; run it again."""


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


class Event(msgspec.Struct, frozen=True):
    """One row of the history: what happened to a subject, by whom; ``detail`` is JSON.

    ``request``: the signed request that it comes from. That of a reservation's first event stands
    with the reservation.
    """

    vdn: int
    subject: str
    version: int
    happened_at: int
    what: str
    by_whom: str
    detail: str
    request: str | None = None


class AgentName(msgspec.Struct, frozen=True):
    """What to call an agent."""

    vdn: int
    account: str
    user_name: str
    made_at: int


class AccessKey(msgspec.Struct, frozen=True):
    """A key as stored: its secret is sealed. ``vdn`` None: it serves every VDN."""

    ak: str
    vdn: int | None
    sealed_secret: str
    note: str | None
    made_at: int
    revoked_at: int | None
    per_second: float | None = None
    burst: int | None = None

    @property
    def allowance(self) -> Allowance | None:
        """How many requests it may send; None: any number."""
        if self.per_second is None or self.burst is None:
            return None
        return Allowance(self.per_second, self.burst)


class Store(Ledger, Protocol):
    """The whole of it: these verbs, and the dialer's."""

    @property
    def file(self) -> Inode | None:
        """Which file the database is, once it has been opened; None where it is no file of ours."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction on the calling thread; it commits at the end, durably."""

    def add_reservations(self, bookings: Sequence[Booking]) -> list[Booked | Refusal]:
        """Add reservations and their first event. The same request again answers the first."""

    def change_reservations(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        """Carry out changes, in order, each with its event.

        One whose request was carried out before changes nothing and answers what stands.
        """

    def find_reservations(self, wanted: Wanted) -> Page:
        """Return a page of reservations, by appointed time, then id; cancelled ones never."""

    def miscounted_days(self, vdn: int, begin_at: int, end_at: int) -> list[int]:
        """Return the instants at which days of a range begin whose tallies are wrong.

        It counts the reservations of those days, which are UTC's. No day is the good answer.
        """

    def reservations_with_id(self, reservation_id: str) -> list[Reservation]:
        """Return the reservations with an id, of whatever VDN and state; at most one a VDN."""

    def unsettled(self, before: int, vdn: int | None) -> list[Unsettled]:
        """Return what each VDN, or one, has that was due before an instant.

        It reads all reservations, and is for after a restore.
        """

    def reservations_due_before(
        self, before: int, vdn: int | None, after: tuple[int, str], limit: int
    ) -> list[Reservation]:
        """Return what waits to be dialled and was due before an instant, by VDN and id.

        ``after`` is the VDN and id after which to begin.
        """

    def events(self, vdn: int, subject: str) -> list[Event]:
        """Return the history of a subject, oldest first."""

    def campaign(self, vdn: int, campaign_id: int) -> Campaign | None:
        """Return a campaign that is not deleted."""

    def add_campaigns(self, openings: Sequence[Opening]) -> list[Campaign | Refusal]:
        """Add campaigns, each with its first event, within the quota and uniquely named.

        A request that was carried out before answers the campaign that it added.
        """

    def change_campaigns(self, orders: Sequence[CampaignOrder]) -> list[Campaign | Refusal]:
        """Carry out changes of campaigns, in order, each with its event.

        One whose request was carried out before changes nothing and answers what stands.
        """

    def find_campaigns(self, wanted: CampaignsWanted) -> CampaignPage:
        """Return a page of campaigns, by id; deleted ones never."""

    def define_business_results(
        self, definitions: Sequence[Definition]
    ) -> list[Definition | Refusal]:
        """Define business results, each with its sub-results and its event.

        A request that was carried out before defines nothing.
        """

    def find_business_results(self, vdn: int, offset: int, limit: int) -> DefinitionPage:
        """Return a page of top-level business results, oldest first, with their sub-results."""

    def name_agents(self, names: Sequence[AgentName]) -> list[AgentName | Refusal]:
        """Name agents; an agent not seen before comes into being."""

    def add_access_keys(self, keys: Sequence[AccessKey]) -> list[AccessKey | Refusal]:
        """Add access keys."""

    def revoke_access_keys(self, revoked: Sequence[tuple[str, int]]) -> list[bool | Refusal]:
        """Revoke keys, each from an instant on; False for one that is unknown or revoked."""

    def reseal_access_keys(self, sealed: Sequence[tuple[str, str]]) -> None:
        """Put another sealed secret in the place of each key's."""

    def limit_access_keys(
        self, limits: Sequence[tuple[str, Limit]]
    ) -> list[AccessKey | Refusal | None]:
        """Change what keys may send, and return them so; None for one unknown or revoked."""

    def access_key(self, ak: str) -> AccessKey | None:
        """Return a key, revoked or not."""

    def access_keys(self) -> list[AccessKey]:
        """Return all keys, oldest first."""

    def migrate(self) -> list[str]:
        """Bring the schema up to date, once however many processes ask; return what was run."""

    def schema_version(self) -> int:
        """Return the number of the last migration; answers only while the database does."""

    def write_probes(self, probes: Sequence[None]) -> list[None]:
        """Change a row of no meaning, to know that it can be done."""

    def database_now(self) -> int:
        """Return the database's own instant, in UTC milliseconds."""

    def close(self) -> None:
        """Close every connection. Using the store afterwards opens new ones."""
