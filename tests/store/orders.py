"""What store tests are made of: an opened database, wishes and changes with an address."""

import sqlite3
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import psycopg

from callkeeper.core.reservations.changes import Change, Order
from callkeeper.core.reservations.reservation import Booking, Reservation, Wish
from callkeeper.installation.database import DATABASE_FILE, open_session
from callkeeper.settings import Settings
from callkeeper.store.engine.session import Session
from callkeeper.store.port.access import AccessKey, KeyOrder
from callkeeper.store.port.reservations import Booked
from callkeeper.store.rows.store import SqlStore

NOW = 1_800_000_000_000
HOUR = 3_600_000
CAMPAIGN = 7
_WAITING = """
SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""
_WAITING_ON_CITUS = "SELECT 1 FROM citus_lock_waits"


class Opened(NamedTuple):
    """A store, and the session below it for what the port does not show."""

    store: SqlStore
    session: Session


class Opener:
    """Opens one database as often as asked, each time as another process would."""

    def __init__(self, data_dir: Path, database: str | None, **settings: Any) -> None:
        self.data_dir = data_dir
        self.url = database
        self._settings = Settings(data_dir=data_dir, database=database, **settings)
        self._opened: list[Opened] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for each in self._opened:
            each.store.close()

    def look(self, sql: str) -> list[Any]:
        """Return the rows of a query of the test's own, past all of our code."""
        if self.url is not None:
            with psycopg.connect(self.url) as connection:
                return connection.execute(sql.encode()).fetchall()
        with closing(sqlite3.connect(self.data_dir / DATABASE_FILE)) as file:
            return file.execute(sql).fetchall()

    def has_citus(self) -> bool:
        """Whether the database is one of a Citus."""
        return self.url is not None and bool(
            self.look("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
        )

    def somebody_waits(self) -> bool:
        """Whether somebody waits for a lock of PostgreSQL that somebody else has."""
        return bool(self.look(_WAITING_ON_CITUS if self.has_citus() else _WAITING))

    def open(self) -> Opened:
        """Return a store over a session of its own."""
        session = open_session(self._settings)
        opened = Opened(SqlStore(session), session)
        self._opened.append(opened)
        return opened


def booking(number: int, *, vdn: int = 1, at: int = NOW, **fields: Any) -> Booking:
    """Return a booking; each number stands for a request of its own."""
    keys = {name: fields.pop(name) for name in list(fields) if name.startswith("idempotency")}
    id_ = fields.pop("id", f"r{number:05d}")
    wish: dict[str, Any] = {
        "kind": "manual",
        "called_no": "66660001",
        "campaign_id": str(CAMPAIGN),
        "appoint_at": at + HOUR,
        "agent": "ann",
    } | fields
    return Booking(vdn, id_, Wish(**wish), f"request {number}", "key K", at, 300_000, **keys)


def order(id_: str, change: Change, *, vdn: int = 1, at: int = NOW) -> Order:
    """Return an order by a key."""
    return Order(vdn, id_, change, "key K", at)


def book(store: SqlStore, *bookings: Booking) -> list[Any]:
    """Book in one transaction."""
    with store.transaction():
        return store.reservations.add(bookings)


def carry_out(store: SqlStore, *orders: Order) -> list[Any]:
    """Carry orders out in one transaction."""
    with store.transaction():
        return store.reservations.change(orders)


def booked(store: SqlStore, *bookings: Booking) -> list[Reservation]:
    """Book in one transaction, and insist that each was booked."""
    outcomes = book(store, *bookings)
    assert all(isinstance(each, Booked) for each in outcomes), outcomes
    return [each.reservation for each in outcomes]


def has_campaign(session: Session, vdn: int, id_: int = CAMPAIGN, **fields: Any) -> None:
    """Put a started campaign with an id of our choice into the database."""
    with session.transaction():
        session.rows("add_campaign", **campaign_row(vdn, id_, **fields))


def campaign_row(vdn: int, id_: int, *, now: int = NOW, **fields: Any) -> dict[str, Any]:
    """Return the row of a campaign that was started an hour ago: with no number, and no window."""
    return {
        "vdn": vdn,
        "id": id_,
        "version": 1,
        "name": f"campaign {id_}",
        "description": None,
        "status": "started",
        "begin_at": now - HOUR,
        "end_at": now + 1000 * HOUR,
        "device_type": 3,
        "caller_numbers": "[]",
        "alerting_seconds_max": 20,
        "workday_windows": "[]",
        "special_day_windows": "[]",
        "terms": "{}",
        "made_at": now,
        "changed_at": now,
        "deleted_at": None,
        "goes_to": None,
        "dial_settings": "{}",
    } | fields


def check_history(store: SqlStore, *reservations: Reservation) -> None:
    """Insist that history and state agree: one event for each version, in order."""
    for each in reservations:
        (standing,) = [r for r in store.reservations.with_id(each.id) if r.vdn == each.vdn]
        events = store.history.of(each.vdn, each.id)
        assert [event.version for event in events] == list(range(1, standing.version + 1))
        assert events[0].what == "reserved"
        assert events[-1].happened_at == standing.changed_at


def making(*keys: AccessKey) -> list[KeyOrder]:
    """Return the orders that make keys."""
    return [KeyOrder(each.ak, each, "operator", each.made_at) for each in keys]
