"""What writes are measured on: one campaign with waiting reservations, and its copies."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

from bench import pgbench
from bench.engine import Engine, address, copy, is_postgres, run
from bench.server import OURS, WAYS, Program, empty, expert, of_processes, ours, usual
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
_PROCESSES = (1, 2)  # how many serve, of each that can be had in several
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'reservation'",
    "postgres": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'reservation'::regclass"
    " AND NOT tgisinternal",
}
_BATCH = 500


class Stage(NamedTuple):
    """The servers to start, who signs for ours, and the reservations that all of them have."""

    programs: list[Program]
    signer: Signer
    ids: list[str]
    pgbench: dict[str, str]  # its databases, on PostgreSQL, by its form
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
    programs = [_ours(settings, own, number) for number in _PROCESSES]
    experts = _PROCESSES if engine.postgres else (1,)  # SQLite has one writer, and so theirs
    programs += [expert(_copied(own, f"expert{number}"), key, number) for number in experts]
    if not engine.postgres:
        programs.append(expert(_copied(own, "singly"), key, 1, together=1))
    programs += [usual(_copied(own, way), way) for way in WAYS]
    programs += [empty(number) for number in _PROCESSES]
    forms = pgbench.FORMS if engine.postgres else ()
    bare = {
        form: pgbench.prepare(_copied(own, f"pgbench{number}")) for number, form in enumerate(forms)
    }
    return Stage(programs, Signer(key, clock), ids, bare, numbers())


def _ours(settings: Settings, own: str, processes: int) -> Program:
    """Return Callkeeper with so many processes; one has the installation itself."""
    if processes > 1 and is_postgres(own):
        database = copy(own, f"workers{processes}")
        settings = Settings(data_dir=settings.data_dir, database=database)
    elif processes > 1:
        folder = settings.data_dir.with_name(f"workers{processes}")
        settings = Settings(data_dir=copytree(settings.data_dir, folder))
    name = of_processes(OURS, processes)
    return ours(settings, "--workers", str(processes), name=name)


def _copied(own: str, name: str) -> str:
    """Return a copy without the triggers, which keep our tallies: nobody else has them."""
    database = copy(own, name)
    of_table = " ON reservation" if is_postgres(database) else ""
    engine = "postgres" if of_table else "sqlite"
    for (trigger,) in run(database, _TRIGGERS[engine]):
        run(database, f"DROP TRIGGER {trigger}{of_table}")
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
