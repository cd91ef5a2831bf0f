"""What a database must be able to do for us, in our words: one object for each family of verbs.

Verbs are plain blocking code, each called on a thread of the store's own. A verb that writes takes
a list and answers a list, one outcome or refusal each, in order: one bad item fails alone. It runs
inside the caller's ``transaction`` and nothing of it is durable before that ends. A verb whose
database fails raises DatabaseFailed, and then nothing of the transaction was stored; only when a
PostgreSQL is lost during the commit itself is that open, and the refusal says so. Instants are
UTC milliseconds.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from callkeeper.core.instants import Instant
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.access import Agents, Keys
from callkeeper.store.port.campaigns import BusinessResults, Campaigns
from callkeeper.store.port.dialing import Attempts, DeskCalls, Due, Leases
from callkeeper.store.port.history import History
from callkeeper.store.port.outstanding import Outstanding
from callkeeper.store.port.people import Deeds, Feeds, Guesses, People, Presence, Rules, Sessions
from callkeeper.store.port.progress import Tell, tell_nobody
from callkeeper.store.port.reservations import Reservations
from callkeeper.store.port.transfers import Transfers


class Collision(Exception):  # noqa: N818 - it is no error
    """Another process wrote first what this transaction was about to write; run it again."""


class Store(Protocol):
    """The families, and what concerns the database as a whole."""

    @property
    def history(self) -> History:
        """What happened."""

    @property
    def reservations(self) -> Reservations:
        """Reservations."""

    @property
    def outstanding(self) -> Outstanding:
        """What still wants somebody's act."""

    @property
    def campaigns(self) -> Campaigns:
        """Campaigns."""

    @property
    def business_results(self) -> BusinessResults:
        """Business results."""

    @property
    def keys(self) -> Keys:
        """Access keys."""

    @property
    def agents(self) -> Agents:
        """Agents."""

    @property
    def due(self) -> Due:
        """What is due to be dialed."""

    @property
    def attempts(self) -> Attempts:
        """Attempts."""

    @property
    def desk_calls(self) -> DeskCalls:
        """Calls that agents ask for."""

    @property
    def leases(self) -> Leases:
        """Dispatchers."""

    @property
    def people(self) -> People:
        """People."""

    @property
    def sessions(self) -> Sessions:
        """Sessions, passwords and links."""

    @property
    def presence(self) -> Presence:
        """Who is there."""

    @property
    def guesses(self) -> Guesses:
        """Tries at signing in."""

    @property
    def deeds(self) -> Deeds:
        """What people did to people, keys and rules."""

    @property
    def feeds(self) -> Feeds:
        """Calendars that people subscribe to."""

    @property
    def rules(self) -> Rules:
        """House rules."""

    @property
    def transfers(self) -> Transfers:
        """VDNs that move between installations."""

    @property
    def file(self) -> Inode | None:
        """Which file the database is, once it has been opened; None where it is no file of ours."""

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction on the calling thread; it commits at the end, durably."""

    def migrate(self, tell: Tell = tell_nobody) -> list[str]:
        """Bring the schema up to date, once however many processes ask; return what was run."""

    def spread(self) -> list[str]:
        """Spread tables that are not yet over several machines, once however many processes ask.

        Return which; raise DatabaseFailed where the database has no more than one.
        """

    def schema_version(self) -> int:
        """Return the number of the last migration; answers only while the database does."""

    def write_probes(self, probes: Sequence[None]) -> list[None]:
        """Change a row of no meaning, to know that it can be done."""

    def database_now(self) -> Instant:
        """Return the database's own instant, in UTC milliseconds."""

    def own_time(self) -> Instant | None:
        """Return the instant by the database's own clock; None where it has the machine's."""

    def close(self) -> None:
        """Close every connection. Using the store afterwards opens new ones."""
