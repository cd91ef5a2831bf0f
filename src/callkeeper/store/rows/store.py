"""The store over named statements: every verb of the port, on either engine.

The life of a row: a reservation is read and locked, the core says what becomes of it, and the
whole batch is written back together with one event for each change. The database holds what must
hold even when the core is wrong: keys, uniqueness, the set of states.
"""

from collections.abc import Sequence

from callkeeper.store.file_identity import Inode
from callkeeper.store.rows.attempts import LedgerRows
from callkeeper.store.rows.keys import KeyRows
from callkeeper.store.rows.listing import ListingRows


class SqlStore(LedgerRows, ListingRows, KeyRows):
    """The port, fulfilled."""

    @property
    def file(self) -> Inode | None:
        """Which file the database is."""
        return self._session.file

    def migrate(self) -> list[str]:
        """Bring the schema up to date."""
        return self._session.migrate()

    def schema_version(self) -> int:
        """Return the number of the last migration."""
        return int(self._session.rows("schema_version")[0][0])

    def write_probes(self, probes: Sequence[None]) -> list[None]:
        """Change a row of no meaning, once for all of them."""
        self._session.rows("write_probe")
        return list(probes)

    def database_now(self) -> int:
        """Return the database's own instant, in UTC milliseconds."""
        return int(self._session.rows("database_now")[0][0])

    def close(self) -> None:
        """Close every connection."""
        self._session.close()
