"""PostgreSQL: the engine that operators already run, back up and fail over.

A connection that breaks is dropped and the next use opens another, so an outage ends by itself;
one that broke while it was idle is not even noticed.
Lists of items travel as one JSON array, and a statement takes a whole batch in one round trip.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.migrate import Migration, catch_up
from callkeeper.store.port import Collision
from callkeeper.store.session import Item, Row, given
from callkeeper.store.statements import queries

# A silent network is noticed within seconds; a statement that hangs is given up.
_CONNECT = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "callkeeper",
    "options": "-c statement_timeout=15s -c lock_timeout=10s -c timezone=UTC",
}
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_CROSSED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_MIGRATION_LOCK = 0x63616C6C  # "call"; any number that is the same in every process


class PostgresSession:
    """A database, named by its URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._statements = queries("postgres")
        self._local = threading.local()
        self._open: list[psycopg.Connection[Row]] = []
        self._lock = threading.Lock()

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows. A parameter that is None is not given."""
        return self._run(self._statements.get(name, given(parameters)), parameters)

    def each(self, name: str, items: Sequence[Item]) -> list[Row]:
        """Run a statement over all items at once."""
        return self._run(self._statements.get(name), {"items": msgspec.json.encode(items).decode()})

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction that commits at the end, or leaves nothing behind."""
        self._run("BEGIN")
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise

    def migrate(self, steps: Sequence[Migration] | None = None) -> list[str]:
        """Run the migrations that are not yet there, and return their names."""
        with self.transaction():
            self._run(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            return catch_up("postgres", self._run, steps)

    def close(self) -> None:
        """Close every connection; a thread that comes back gets a new one."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._local = threading.local()

    def _run(self, text: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        old = self._present()
        was_idle = old is not None and old.pgconn.transaction_status == TransactionStatus.IDLE
        try:
            return self._execute(text, parameters)
        except _CROSSED as error:
            raise Collision from error
        except _BROKEN as error:
            lost = self._drop_if_broken()
            # Outside a transaction there is only BEGIN and what reads: both can be done twice.
            if was_idle and lost:
                return self._run(text, parameters)
            raise DatabaseFailed(
                f"the database could not do its work ({type(error).__name__}); try again"
            ) from error

    def _execute(self, text: str, parameters: dict[str, Any] | None) -> list[Row]:
        cursor = self._connection().execute(text.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def _commit(self) -> None:
        try:
            self._run("COMMIT")
        except DatabaseFailed as failed:
            if self._present() is not None:
                raise
            raise DatabaseFailed(
                "the database was lost while it committed, so this may be stored or not; "
                "send the very same request again, which is safe"
            ) from failed

    def _roll_back(self) -> None:
        connection = self._present()
        if connection is not None:
            with suppress(psycopg.Error):
                connection.rollback()
            self._drop_if_broken()

    def _present(self) -> psycopg.Connection[Row] | None:
        connection: psycopg.Connection[Row] | None = getattr(self._local, "connection", None)
        return connection

    def _connection(self) -> psycopg.Connection[Row]:
        connection = self._present()
        if connection is None:
            connection = psycopg.connect(self._url, autocommit=True, **_CONNECT)  # type: ignore[arg-type]
            self._local.connection = connection
            with self._lock:
                self._open.append(connection)
        return connection

    def _drop_if_broken(self) -> bool:
        """Forget this thread's connection if it is closed, and say whether it was."""
        connection = self._present()
        if connection is None or not connection.closed:
            return False
        self._local.connection = None
        with self._lock, suppress(ValueError):
            self._open.remove(connection)
        return True
