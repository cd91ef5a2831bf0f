"""What writes are measured on: one campaign with waiting reservations, and its copies."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench import pgbench
from bench.engine import Engine, address, copy, is_postgres, run
from bench.server import WAYS, Program, empty, ours, usual
from bench.signed import VDN, Signer, numbers
from callkeeper.clock import Clock
from callkeeper.core.instants import DAY_MS
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import issue
from tests.store.orders import campaign_row

CAMPAIGN = 1
_WORKERS = 2
_BATCH = 500


class Stage(NamedTuple):
    """The servers to start, who signs for ours, and the reservations that all of them have."""

    programs: list[Program]
    signer: Signer
    ids: list[str]
    pgbench: str | None  # its database, on PostgreSQL
    numbers: Iterator[int]  # for calls to reserve


def prepare(engine: Engine, folder: Path, count: int, clock: Clock) -> Stage:
    """Fill an installation with ``count`` reservations, and give each server a copy."""
    settings = engine.new(folder)
    store = SqlStore(open_session(settings))
    store.migrate()
    key = issue(store, open_seal(settings), clock, VDN)
    add_campaign(settings, clock)
    ids = _book(store, count, clock)
    store.close()
    own = address(settings)
    programs = [ours(settings)]
    if engine.postgres:
        programs = [ours(settings, "--workers", "1")]
        both = Settings(data_dir=settings.data_dir, database=copy(own, "workers"))
        options = ("--workers", str(_WORKERS))
        programs.append(ours(both, *options, name=f"callkeeper, {_WORKERS} workers"))
    programs += [usual(_bare(copy(own, way)), way) for way in WAYS]
    programs.append(empty())
    bare = pgbench.prepare(_bare(copy(own, "bare"))) if engine.postgres else None
    return Stage(programs, Signer(key, clock), ids, bare, numbers())


def _bare(database: str) -> str:
    """Take away the triggers that keep our tallies: nobody else has them."""
    for name in ("added", "removed", "changed"):
        on = " ON reservation" if is_postgres(database) else ""
        run(database, f"DROP TRIGGER reservation_{name}{on}")
    return database


def written(database: str) -> int:
    """Return how often a database was written to: each create and each result adds a version."""
    ((versions,),) = run(database, "SELECT COALESCE(SUM(version), 0) FROM reservation")
    return int(versions)


def _book(store: SqlStore, count: int, clock: Clock) -> list[str]:
    now = clock.now()
    bookings = []
    for number in range(count):
        digest = request_digest("benchmark", str(number))
        wish = Wish(
            kind="manual",
            called_no=f"{66_660_000 + number}",
            campaign_id=str(CAMPAIGN),
            appoint_at=now + DAY_MS + number * 1000,
            agent=f"agent{number % 100}",
        )
        id_ = id_for(now, digest)
        bookings.append(Booking(VDN, id_, wish, digest.hex(), "benchmark", now, 0))
    for begin in range(0, count, _BATCH):
        with store.transaction():
            store.reservations.add(bookings[begin : begin + _BATCH])
    return [booking.id for booking in bookings]


def add_campaign(settings: Settings, clock: Clock) -> None:
    """Put a started campaign, open all day, into a database that has none."""
    session = open_session(settings)
    with session.transaction():
        session.rows("add_campaign", **campaign(VDN, CAMPAIGN, clock.now()))
    session.close()


def campaign(vdn: int, number: int, now: int) -> dict[str, object]:
    """Return the row of a started campaign that is open all day."""
    return campaign_row(
        vdn,
        number,
        now=now,
        begin_at=now,
        end_at=now + 365 * DAY_MS,
        caller_numbers='[{"number":"10086","priority":1}]',
        workday_windows='[{"begin":0,"end":1440}]',
    )
