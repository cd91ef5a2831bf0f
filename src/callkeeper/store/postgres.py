"""PostgreSQL: the engine that operators already run, back up and fail over.

A connection that breaks is dropped and the next use opens another, so an outage ends by itself;
one that broke while it was idle is not even noticed.
Lists of items travel as one JSON array, and a statement takes a whole batch in one round trip.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.store.migrate import Migration, catch_up
from callkeeper.store.port import Collision
from callkeeper.store.session import Item, Row, Undertaking, given
from callkeeper.store.statements import queries

# Each statement has an index made for it, and its plan is made once, when the tables may still be
# small and nothing is known of them. A hash join made then would read a whole table for ever.
_PLANS = (
    "-c plan_cache_mode=force_generic_plan "
    "-c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
)
# A silent network is noticed within seconds, and the server gives up a statement that hangs. What
# the URL says of the same wins.
_CONNECT: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "callkeeper",
    "options": "-c statement_timeout=15s -c lock_timeout=10s -c timezone=UTC " + _PLANS,
}
_UNHURRIED = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0"
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_CROSSED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
_ANSWERS = re.compile(r"\A\s*SELECT\b|\bRETURNING\b")
_MIGRATION_LOCK = 0x63616C6C  # "call"; any number that is the same in every process


class StatementFailed(RuntimeError):  # noqa: N818 - what happened
    """A statement broke a rule of the database: our mistake, which trying again does not mend."""


class PostgresSession:
    """A database, named by its URL."""

    def __init__(self, url: str) -> None:
        self._connect = _CONNECT | {
            name: value for name, value in conninfo_to_dict(url).items() if value is not None
        }
        self._statements = queries("postgres")
        self._local = threading.local()
        self._undertaking = Undertaking()
        self._open: list[psycopg.Connection[Row]] = []
        self._lock = threading.Lock()

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows. A parameter that is None is not given."""
        return self._run(self._statements.get(name, given(parameters)), parameters)

    def each(self, name: str, items: Sequence[Item]) -> list[Row]:
        """Run a statement over all items at once.

        In a transaction, one that answers nothing goes with whatever follows it, so that a batch's
        last writes and its COMMIT are one round trip. What is wrong with it is told then.
        """
        text = self._statements.get(name)
        parameters = {"items": msgspec.json.encode(items).decode()}
        if self._undertaking.is_open and not _ANSWERS.search(text):
            self._undertaking.check()
            self._held.append((text, parameters))
            return []
        return self._run(text, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction that commits at the end, or leaves nothing behind."""
        self._run("BEGIN")
        self._undertaking.begin()
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._undertaking.end()

    def migrate(self, steps: Sequence[Migration] | None = None) -> list[str]:
        """Run the migrations that are not yet there, and return their names."""
        with self.transaction():
            # Whoever comes second waits for the first, and an index may take its time.
            self._run(_UNHURRIED)
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
        self._undertaking.check()
        old = self._present()
        was_idle = old is not None and old.pgconn.transaction_status == TransactionStatus.IDLE
        try:
            return self._execute(text, parameters)
        except _CROSSED as error:
            self._undertaking.doom()
            raise Collision from error
        except _BROKEN as error:
            self._undertaking.doom()
            lost = self._drop_if_broken()
            # Outside a transaction there is only BEGIN and what reads: both can be done twice.
            if was_idle and lost:
                return self._run(text, parameters)
            raise DatabaseFailed(
                f"the database could not do its work ({type(error).__name__}); try again"
            ) from error
        except psycopg.errors.UndefinedTable as error:
            raise DatabaseFailed("the schema is not there; run `callkeeper migrate`") from error
        except psycopg.Error as bug:
            self._undertaking.doom()
            # PostgreSQL quotes the row in its words, and they would end up in the log.
            raise StatementFailed(_named(bug)) from None

    def _execute(self, text: str, parameters: dict[str, Any] | None) -> list[Row]:
        connection, held = self._connection(), self._held
        if not held:
            cursor = connection.execute(text.encode(), parameters)
        else:
            with connection.pipeline():
                for each, its in held:
                    connection.execute(each.encode(), its)
                cursor = connection.execute(text.encode(), parameters)
            held.clear()
        return cursor.fetchall() if cursor.description else []

    @property
    def _held(self) -> list[tuple[str, dict[str, Any] | None]]:
        """What this thread's transaction has to write and has not sent yet."""
        held: list[tuple[str, dict[str, Any] | None]] | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = []
        return held

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
        self._held.clear()
        connection = self._present()
        if connection is not None:
            with suppress(psycopg.Error):
                connection.rollback()
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                connection.close()  # it would refuse every BEGIN to come
            self._drop_if_broken()

    def _present(self) -> psycopg.Connection[Row] | None:
        connection: psycopg.Connection[Row] | None = getattr(self._local, "connection", None)
        return connection

    def _connection(self) -> psycopg.Connection[Row]:
        connection = self._present()
        if connection is None:
            connection = psycopg.connect(autocommit=True, **self._connect)
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


def _named(bug: psycopg.Error) -> str:
    rule = bug.diag.constraint_name
    return f"{type(bug).__name__} ({bug.sqlstate}{f', {rule}' if rule else ''})"
