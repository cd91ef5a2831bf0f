"""SQLite: one file, one writer, many readers. Nothing to install, and durable all the same.

WAL with ``synchronous=FULL``: a commit is on disk before it is acknowledged, and readers never
wait for the writer. Another process (the command line) may write too; each waits its turn.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from callkeeper.core.refusal import CannotSpread, DatabaseFailed, VdnGone
from callkeeper.store.engine.checkpointer import Checkpointer
from callkeeper.store.engine.migrate import Migration, catch_up
from callkeeper.store.engine.session import Item, Row, SchemaMissing, Undertaking, given, parts
from callkeeper.store.engine.statements import answers, queries
from callkeeper.store.file_identity import FileIdentity, Inode, Logs, gone
from callkeeper.store.port.progress import Tell, tell_nobody

_COPIED_PAGES = 4096  # of a backup, before it tells how far it is and may be interrupted

OLDEST = (3, 38, 0)  # the first that reads items with ->>
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA wal_autocheckpoint = 16000",  # 64 MB; until then the checkpointer has copied most
)
_GONE = "the VDN is not served here"  # the words of our triggers
# A broken rule or a statement that is wrong: our mistake, which trying again does not mend.
_OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)


class SqliteSession:
    """A database file. ``busy_seconds`` is how long to wait for another process's write.

    The first connection makes the file where there is none, if it may (``make``). From then on it
    is this file or none: one that was removed or replaced is neither read nor written. ``file`` is
    which one that is, where another process has it open already.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_seconds: float = 5.0,
        make: bool = True,
        file: Inode | None = None,
    ) -> None:
        self._path = path
        self._make = make
        self._identity = FileIdentity(path, file)
        self._busy_seconds = busy_seconds
        self._statements = queries("sqlite")
        self._local = threading.local()
        self._undertaking = Undertaking()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._checkpointer = Checkpointer(path, self._connect)

    @property
    def file(self) -> Inode | None:
        """Which file it is, once it has been opened."""
        return self._identity.known

    def rows(self, name: str, /, **parameters: object) -> list[Row]:
        """Run a statement and return its rows. A parameter that is None is not given."""
        text = self._statements.get(name, given(parameters))
        lists = {
            key: msgspec.json.encode(value).decode()
            for key, value in parameters.items()
            if isinstance(value, list)
        }
        return self._run(text, parameters | lists)

    def each(self, name: str, items: Sequence[Item], /, **parameters: object) -> list[Row]:
        """Run a statement over all items: at once where it answers, else one after another."""
        if not items:
            return []
        text = self._statements.get(name)
        if answers(text):
            return [row for of in parts(text, items) for row in self._run(text, of | parameters)]
        return self._run(text, [_named(item) | parameters for item in items], many=True)

    def learn(self, text: str) -> None:
        """Take in more statements."""
        self._statements.add(text)

    def close_gates(self) -> None:
        """Do nothing: nobody writes beside a transaction, and the triggers are there."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction that commits at the end, or leaves nothing behind."""
        # IMMEDIATE: a transaction that read first could not become a writer without failing.
        self._run("BEGIN IMMEDIATE")
        self._undertaking.begin()
        try:
            logs = self._logs()
            yield
            self._identity.check(logs)  # as late as can be: later, what is lost is acknowledged
            self._run("COMMIT")
        except BaseException:
            if (connection := self._own()) is not None:
                with suppress(sqlite3.Error):
                    connection.rollback()
            raise
        finally:
            self._undertaking.end()
        self._checkpointer.wake()

    def migrate(
        self, steps: Sequence[Migration] | None = None, tell: Tell = tell_nobody
    ) -> list[str]:
        """Run the migrations that are not yet there, and return their names."""
        with self.transaction():
            return catch_up("sqlite", self._run, steps, tell)

    def spread(self) -> list[str]:
        """Raise CannotSpread."""
        raise CannotSpread("SQLite is one file on one machine; name a PostgreSQL with --database")

    def backup(self, target: Path, tell: Tell) -> int:
        """Copy the database, while it is in use, to a file that must not exist yet.

        Return its bytes, by which ``tell`` is told how far it is.
        """
        _make_private(target)
        source = self._connection()
        size = int(source.execute("PRAGMA page_size").fetchone()[0])
        pages = 0

        def tell_in_bytes(_: int, remaining: int, total: int) -> None:
            nonlocal pages
            pages = total
            tell((total - remaining) * size, total * size, "")

        try:
            with closing(sqlite3.connect(target)) as copy:
                # What is read is of one instant: else each write of another begins it anew.
                source.execute("BEGIN")
                try:
                    source.execute("SELECT 1 FROM sqlite_master").fetchone()
                    source.backup(copy, pages=_COPIED_PAGES, progress=tell_in_bytes)
                finally:
                    source.rollback()
        except sqlite3.DatabaseError as error:
            raise DatabaseFailed(
                "the database refused to work ({error}); try again", error=str(error)
            ) from error
        return pages * size

    def close(self) -> None:
        """Close every connection; a thread that comes back gets a new one."""
        self._checkpointer.close()
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
            self._local = threading.local()

    def _run(
        self,
        text: str,
        parameters: Any = (),  # noqa: ANN401 - as sqlite3 has it
        *,
        many: bool = False,
    ) -> list[Row]:
        """Return a step's rows; one that fails dooms the calling thread's transaction."""
        self._undertaking.check()
        if not self._undertaking.is_open:
            self._identity.check()
        try:
            connection = self._connection()
            run = connection.executemany if many else connection.execute
            return run(text, parameters).fetchall()
        except _OURS as error:
            self._undertaking.doom()
            if str(error) == _GONE:
                raise VdnGone from error
            raise
        except sqlite3.DatabaseError as error:
            self._undertaking.doom()
            if _primary_code(error) == sqlite3.SQLITE_READONLY:
                self._drop()
            if str(error).startswith("no such table"):
                raise SchemaMissing from error
            raise DatabaseFailed(
                "the database refused to work ({error}); try again", error=str(error)
            ) from error

    def _own(self) -> sqlite3.Connection | None:
        """Return this thread's connection, if it has one."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        return connection

    def _connection(self) -> sqlite3.Connection:
        connection = self._own()
        if connection is None:
            with self._lock:
                if self._make and self._identity.known is None:
                    _make_private(self._path)
            connection = self._connect()
            self._local.connection = connection
            self._local.logs = None
            with self._lock:
                self._open.append(connection)
        return connection

    def _logs(self) -> Logs:
        """Return the files beside the database that this thread's connection has open.

        They are there once it has begun to write, and SQLite removes none that is open.
        """
        if self._local.logs is None:
            self._local.logs = self._identity.logs()
        logs: Logs = self._local.logs
        return logs

    def _drop(self) -> None:
        """Forget this thread's connection: one opened while the file was read-only stays so."""
        connection = self._own()
        if connection is None:
            return
        self._local.connection = None
        with self._lock, suppress(ValueError):
            self._open.remove(connection)
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._make and not self._path.exists():
            raise gone(self._path)
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",  # whoever connects makes no file
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,  # close() runs on another thread
            cached_statements=256,
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._identity.note()
        except BaseException:
            connection.close()
            raise
        return connection


def _named(item: Item) -> dict[str, Any]:
    """Return the values of an item by their names."""
    return msgspec.structs.asdict(item) if isinstance(item, msgspec.Struct) else dict(item)


def _primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's code of an error without what it extends it by; 0 if it is Python's own."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _make_private(file: Path) -> None:
    """Make a database for the owner's eyes only; ``-wal`` and ``-shm`` take its mode over.

    One that is there is left alone, not even opened: to close it would give up the locks that
    SQLite has on it in this process. Where it cannot be made, SQLite will say so.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
