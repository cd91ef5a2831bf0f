"""What a database must be able to do for us, in our words.

Verbs are plain blocking code, each called on a thread of the store's own. A verb that writes takes
a list and answers a list, one outcome or refusal each, in order: one bad item fails alone. It runs
inside the caller's ``transaction`` and nothing of it is durable before that ends. A verb whose
database fails raises DatabaseFailed, and then nothing of the transaction was stored; only when a
PostgreSQL is lost during the commit itself is that open, and the refusal says so.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from callkeeper.core.allowance import Limit
from callkeeper.core.campaigns.business_result import Definition
from callkeeper.core.campaigns.campaign import Campaign
from callkeeper.core.campaigns.changes import CampaignOrder, NewCampaign
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order
from callkeeper.core.reservations.reservation import Booking, Reservation
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.access import AccessKey, AgentName
from callkeeper.store.port.campaigns import CampaignPage, CampaignsWanted, DefinitionPage
from callkeeper.store.port.dialing import Ledger
from callkeeper.store.port.reservations import Booked, Page, Unsettled, Wanted


class Collision(Exception):  # noqa: N818 - it is no error
    """Another process wrote first what this transaction was about to write; run it again."""


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

    def add_campaigns(self, openings: Sequence[NewCampaign]) -> list[Campaign | Refusal]:
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
