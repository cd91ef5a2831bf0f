"""The database of a simulation: made once for many seeds, and swept clean between them."""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.store.engine.session import Session
from callkeeper.store.engine.sqlite import SqliteSession
from callkeeper.store.rows.store import SqlStore
from tests.memory import folder_in_memory

_TABLES = ("reservation", "event", "agent", "campaign", "campaign_counter", "attempt", "dispatcher")
_SWEPT = (*_TABLES, "desk_call", "line")

DialerMaker = Callable[[DialerContext], Dialer]
StoreMaker = Callable[[Session], SqlStore]


class Arena:
    """A SQLite file, a store over it, and a look at it past all of our code."""

    def __init__(
        self, make_store: StoreMaker = SqlStore, make_dialer: DialerMaker = Dialer
    ) -> None:
        self.make_dialer = make_dialer
        self._folder = ExitStack()
        file = self._folder.enter_context(folder_in_memory()) / "sim.db"
        self.store = make_store(SqliteSession(file))
        self.store.migrate()
        self._file = sqlite3.connect(file, isolation_level=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()
        self.store.close()
        self._folder.close()

    def sweep(self) -> None:
        """Empty every table that a seed fills."""
        self._file.execute("BEGIN IMMEDIATE")
        for table in _SWEPT:
            self._file.execute(f"DELETE FROM {table}")  # noqa: S608 - the names above
        self._file.execute("COMMIT")

    def look(self, sql: str, *values: object) -> list[Any]:
        """Return the rows of a query of the simulation's own."""
        return self._file.execute(sql, values).fetchall()
