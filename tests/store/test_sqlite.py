"""SQLite: a commit is on the disk before it is acknowledged, on whatever thread."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.refusal import NoSuchReservation, Refusal
from callkeeper.core.reservations.changes import Cancel, Order
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import DATABASE_FILE, open_session
from callkeeper.settings import Settings
from callkeeper.store.engine.sqlite import SqliteSession
from callkeeper.store.port.access import AccessKey
from callkeeper.store.port.reservations import Page, Wanted
from callkeeper.store.rows.keys import KeyRows
from callkeeper.store.rows.reservations import ReservationRows
from callkeeper.store.rows.store import SqlStore
from tests.families import turn
from tests.store.orders import Opened, Opener, booked, booking, order
from tests.waiting import until


class DurableStore(SqlStore):
    """The real store; it notes how durable the connection of each thread is that uses it."""

    def watch(self, session: SqliteSession) -> None:
        self._sqlite = session
        self.seen: dict[str, list[Any]] = {}
        turn(self, "keys", DurableKeys).look = self.look
        turn(self, "reservations", DurableReservations).look = self.look

    def look(self) -> None:
        # No statement of ours asks a connection for this, and only its own thread can.
        run = self._sqlite._run  # noqa: SLF001
        modes = [run(f"PRAGMA {name}")[0][0] for name in ("synchronous", "journal_mode")]
        self.seen[threading.current_thread().name.rstrip("_0123456789")] = modes


class DurableKeys(KeyRows):
    """Access keys, of which it is noted how durably they are read."""

    look: Callable[[], None]

    def get(self, ak: str) -> AccessKey | None:
        self.look()
        return super().get(ak)


class DurableReservations(ReservationRows):
    """Reservations, of which it is noted how durably they are written and read."""

    look: Callable[[], None]

    def change(self, orders: Sequence[Order]) -> list[Reservation | Refusal]:
        self.look()
        return super().change(orders)

    def find(self, wanted: Wanted) -> Page:
        self.look()
        return super().find(wanted)


def test_every_connection_to_sqlite_writes_through_to_the_disk(tmp_path: Path) -> None:
    session = open_session(Settings(data_dir=tmp_path))
    assert isinstance(session, SqliteSession)
    store = DurableStore(session)
    store.watch(session)
    store.migrate()
    store.look()  # as the command line does, on the main thread

    async def work() -> None:
        async_store = AsyncStore(store)
        await async_store.keys.get("AK")
        await async_store.reservations.find(Wanted(1, 0, 10))
        with pytest.raises(NoSuchReservation):
            await async_store.reservations.change(order("r00001", Cancel()))
        await async_store.close()

    asyncio.run(asyncio.wait_for(work(), 30))
    full = [2, "wal"]
    names = ("MainThread", "key-reader", "reader", "writer")
    assert store.seen == dict.fromkeys(names, full)


def fill(opened: Opened) -> None:
    """Write some 8 MB."""
    for first in range(0, 4_000, 500):
        booked(opened.store, *(booking(n, remark="x" * 900) for n in range(first, first + 500)))


def checkpointers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "checkpointer"]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_long_log_is_copied_into_the_database_beside_whoever_writes(
    opened: Opened, opener: Opener
) -> None:
    file = opener.data_dir / DATABASE_FILE
    assert not checkpointers()
    fill(opened)
    until(lambda: file.stat().st_size > 4_000_000)
    assert opener.look("SELECT COUNT(*) FROM reservation") == [(4_000,)]
    opened.store.close()
    assert not checkpointers()
    booked(opened.store, booking(4_000))  # it opens again
    assert opener.look("SELECT COUNT(*) FROM reservation") == [(4_001,)]
