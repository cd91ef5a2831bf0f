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

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from callkeeper.core.refusal import (
    CannotSpread,
    DatabaseFailed,
    DatabaseForbids,
    DatabaseLost,
    DatabasePartLost,
    VdnGone,
)
from callkeeper.core.transfer import TransferRefused
from callkeeper.store.engine.migrate import Migration, catch_up
from callkeeper.store.engine.session import (
    Item,
    Row,
    SchemaMissing,
    StatementFailed,
    Undertaking,
    UrlWrong,
    given,
    parts,
)
from callkeeper.store.engine.spread import allow_triggers, are_spread, is_of_a_machine, spread
from callkeeper.store.engine.statements import answers, queries
from callkeeper.store.port.progress import Tell, tell_nobody
from callkeeper.store.port.store import Collision

# Each statement has an index made for it, and its plan is kept. Made when a table is small, it
# would read the whole of it for as long as it is kept.
_PLANS = (
    "-c plan_cache_mode=force_generic_plan "
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
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
    "client_encoding": "UTF8",  # or what an SQL_ASCII database holds comes as bytes
    "options": "-c statement_timeout=15s -c lock_timeout=10s -c timezone=UTC " + _PLANS,
}
# A migration reads whole tables, and may take the time that it takes.
_FOR_MIGRATIONS = (
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL enable_seqscan = on; "
    "SET LOCAL enable_hashjoin = on; SET LOCAL enable_mergejoin = on"
)
_BROKEN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
_CROSSED = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# What a statement that we prepared comes to when a transaction later it is another connection.
_POOLED = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
_POOLERS_WORDS = ("pooling mode", "unsupported startup parameter")
_POOLER = (
    "a pooler stands before the database: PgBouncer needs pool_mode = session and "
    "ignore_startup_parameters = options, as docs/operating.md says"
)
_READ_ONLY = (
    "it is read-only: a standby, or default_transaction_read_only is on; name the primary, or add "
    "target_session_attrs=read-write to the URL"
)
_GONE = "CK001"  # the SQLSTATE of our triggers
# In the order in which a batch writes, so that none stands in a circle with it.
_GATED = (
    *("business_result", "campaign", "house_rules", "role", "access_key", "reservation"),
    *("agent", "attempt"),
)
_PORTS = re.compile(r"[0-9,]*")
_MIGRATION_LOCK = 0x63616C6C  # "call"; any number that is the same in every process


class _Own(threading.local):
    """What each thread has for itself."""

    def __init__(self) -> None:
        self.connection: psycopg.Connection[Row] | None = None
        # What its transaction has to write and has not sent yet.
        self.held: list[tuple[str, dict[str, Any] | None]] = []
        self.items = 0
        self.items_when_planned = 0


class PostgresSession:
    """A database, named by its URL."""

    file = None  # of ours

    def __init__(self, url: str) -> None:
        self._connect = _CONNECT | _read(url)
        self._statements = queries("postgres")
        # What each statement is asked with besides: whether the tables are spread.
        self._flavour: frozenset[str] = frozenset()
        self._own = _Own()
        self._undertaking = Undertaking()
        self._open: list[psycopg.Connection[Row]] = []
        self._lock = threading.Lock()

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows. A parameter that is None is not given."""
        self._plan_anew(1)
        return self._run(self._statements.get(name, given(parameters) | self._flavour), parameters)

    def each(self, name: str, items: Sequence[Item], /, **parameters: object) -> list[Row]:
        """Run a statement over all items at once.

        In a transaction, one that answers nothing goes with whatever follows it, so that a batch's
        last writes and its COMMIT are one round trip. What is wrong with it is told then.
        """
        if not items:
            return []
        self._plan_anew(len(items))
        text = self._statements.get(name, self._flavour)
        asked = [of | parameters for of in parts(text, items)]
        if self._undertaking.is_open and not answers(text):
            self._undertaking.check()
            self._own.held.extend((text, each) for each in asked)
            return []
        return self._run(text, *asked)

    def learn(self, text: str) -> None:
        """Take in more statements."""
        self._statements.add(text)

    def close_gates(self) -> None:
        """Have the triggers of gone VDNs work: the lock waits for whoever writes.

        They look into a table that the machines of a Citus do not have. Raise TransferRefused.
        """
        if self._flavour:
            raise TransferRefused("the tables are spread over machines, from where no VDN is moved")
        for table in _GATED:
            self._run(f"ALTER TABLE {table} ENABLE TRIGGER {table}_gone")

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

    def migrate(
        self, steps: Sequence[Migration] | None = None, tell: Tell = tell_nobody
    ) -> list[str]:
        """Run the migrations that are not yet there, and return their names."""
        with self.transaction():
            # Whoever comes second waits for the first.
            self._run(_FOR_MIGRATIONS)
            self._run(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            if not self._flavour:
                return catch_up("postgres", self._run, steps, tell)
            allow_triggers(self._run)
            ran = catch_up("postgres", self._run, steps, tell)
            if ran:
                spread(self._run)
            return ran

    def spread(self) -> list[str]:
        """Spread what is not yet over the machines of Citus; return the tables. CannotSpread."""
        with self.transaction():
            self._run(_FOR_MIGRATIONS)
            self._run(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
            if self.rows("transfers"):
                raise CannotSpread(
                    "a VDN was moved from or to this database, and such a one cannot be spread"
                )
            tables = spread(self._run)
        self.close()  # what is connected does not know yet
        return tables

    def close(self) -> None:
        """Close every connection; a thread that comes back gets a new one."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._own = _Own()

    def _run(self, text: str, *asked: dict[str, Any]) -> list[Row]:
        """Run a statement, once for each of what it is asked with; return all rows."""
        self._undertaking.check()
        old = self._own.connection
        was_idle = old is not None and old.pgconn.transaction_status == TransactionStatus.IDLE
        try:
            return self._execute(text, asked)
        except _CROSSED as error:
            raise self._crossed(error) from error
        except _BROKEN as error:
            self._undertaking.doom()
            lost = self._drop_if_broken()
            # Outside a transaction there is only BEGIN and what reads: both can be done twice.
            if was_idle and lost:
                return self._run(text, *asked)
            if lost or self._own.connection is None:
                raise DatabaseLost(detail=self._words(error)) from error
            if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
                raise DatabaseFailed(
                    "the database takes no writes; try again", detail=_READ_ONLY
                ) from error
            is_part = bool(self._flavour) and is_of_a_machine(error.sqlstate)
            failed = DatabasePartLost if is_part else DatabaseFailed
            raise failed(
                "the database could not do its work ({error}); try again",
                error=type(error).__name__,
            ) from error
        except _POOLED as error:
            self._undertaking.doom()
            raise DatabaseLost(
                "the database could not do its work ({error}); try again",
                error=type(error).__name__,
                detail=_POOLER,
            ) from error
        except psycopg.errors.UndefinedTable as error:
            self._undertaking.doom()
            raise SchemaMissing from error
        except psycopg.errors.InsufficientPrivilege as error:
            self._undertaking.doom()
            raise DatabaseForbids(detail=str(error.diag.message_primary)) from error
        except psycopg.Error as bug:
            self._undertaking.doom()
            # PostgreSQL quotes the row in its words, and they would end up in the log.
            raise VdnGone if bug.sqlstate == _GONE else StatementFailed(_named(bug)) from None

    def _crossed(self, error: psycopg.Error) -> Exception:
        """Return what waiting in a circle comes to. What is in no transaction nobody runs again."""
        if self._undertaking.is_open:
            self._undertaking.doom()
            return Collision()
        return DatabaseFailed(
            "the database could not do its work ({error}); try again", error=type(error).__name__
        )

    def _words(self, error: psycopg.Error) -> str:
        """Return libpq's words of a connection: they hold no rows, and here no password either."""
        text = " ".join(str(error).split()).removeprefix("connection failed: ")
        for name in ("password", "sslpassword"):
            if secret := self._connect.get(name):
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
        return f"{text}; {_POOLER}" if any(each in text for each in _POOLERS_WORDS) else text

    def _execute(self, text: str, asked: Sequence[dict[str, Any]]) -> list[Row]:
        connection, held = self._connection(), self._own.held
        if not held and len(asked) <= 1:
            cursor = connection.execute(text.encode(), *asked)
            return cursor.fetchall() if cursor.description else []
        with connection.pipeline():
            for each, its in held:
                connection.execute(each.encode(), its)
            cursors = [connection.execute(text.encode(), its) for its in asked or (None,)]
        held.clear()
        return [row for each in cursors if each.description for row in each.fetchall()]

    def _plan_anew(self, items: int) -> None:
        """Have plans made again whenever twice as much has been done as when they were made.

        While a table is nearly empty, PostgreSQL takes any index that begins with the VDN for as
        good as the one that finds a row, and keeps to it until it is analyzed: a minute or more.
        """
        own = self._own
        own.items += items
        if own.items >= 2 * own.items_when_planned:
            own.items_when_planned = own.items
            self._run("DISCARD PLANS")

    def _commit(self) -> None:
        try:
            self._run("COMMIT")
        except DatabaseFailed as failed:
            if self._own.connection is not None:
                raise
            raise DatabaseLost(
                "the database was lost while it committed, so this may be stored or not; "
                "send the very same request again, which is safe",
                detail=failed.detail,
            ) from failed

    def _roll_back(self) -> None:
        self._own.held.clear()
        connection = self._own.connection
        if connection is not None:
            with suppress(psycopg.Error):
                connection.rollback()
            if connection.pgconn.transaction_status != TransactionStatus.IDLE:
                connection.close()  # it would refuse every BEGIN to come
            self._drop_if_broken()

    def _connection(self) -> psycopg.Connection[Row]:
        connection = self._own.connection
        if connection is None:
            try:
                connection = psycopg.connect(autocommit=True, **self._connect)
            except UnicodeError as error:  # a host with an empty label in it, or one too long
                raise psycopg.OperationalError(f"no such host can be: {error}") from error
            self._look_around(connection)
            self._own.connection = connection
            self._own.items = self._own.items_when_planned = 0
            with self._lock:
                self._open.append(connection)
        return connection

    def _look_around(self, connection: psycopg.Connection[Row]) -> None:
        """Find out whether the tables are spread: then plans are made for the values they are of.

        Which machine has them a plan for any value cannot say.
        """
        try:
            if are_spread(lambda text: connection.execute(text.encode()).fetchall()):
                self._flavour = frozenset({"spread"})
                connection.execute("SET plan_cache_mode = force_custom_plan")
        except BaseException:
            connection.close()
            raise

    def _drop_if_broken(self) -> bool:
        """Forget this thread's connection if it is closed, and say whether it was."""
        connection = self._own.connection
        if connection is None or not connection.closed:
            return False
        self._own.connection = None
        with self._lock, suppress(ValueError):
            self._open.remove(connection)
        return True


def _read(url: str) -> dict[str, Any]:
    """Return what a URL says of a connection. Raise UrlWrong.

    Of a password with an unescaped @ or / in it, libpq takes a part for the host, the port or the
    database, and would repeat it in what it says of a failure.
    """
    try:
        found = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise UrlWrong from None  # its words repeat the URL
    places = f"{found.get('host', '')}{found.get('dbname', '')}"
    if "@" in places or not _PORTS.fullmatch(str(found.get("port") or "")):
        raise UrlWrong
    return {name: value for name, value in found.items() if value is not None}


def _named(bug: psycopg.Error) -> str:
    rule = bug.diag.constraint_name
    return f"{type(bug).__name__} ({bug.sqlstate}{f', {rule}' if rule else ''})"
