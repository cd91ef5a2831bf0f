"""What is outstanding: what it costs to read, however much is stored, and what load leaves behind.

    python -m bench.outstanding [--sizes 10000 1000000] [--agents 300] [--minutes 60]

A VDN with some three hundred outstanding calls, a third of them overdue, among so many reservations
that are done. Then what each of so many agents looks at, who have 50,000 calls to make among them
in the next two months: their list. Then, on PostgreSQL, so many minutes of creates and results, as
many of either, and each minute the dead rows of the table and how long a board then takes.
"""

import argparse
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median
from threading import Event

from bench import mass, options
from bench.engine import Engine, address, engine, run
from callkeeper.clock import Clock, SystemClock, monotonic
from callkeeper.core.instants import DAY_MS, HOUR_MS, MINUTE_MS, Instant
from callkeeper.core.reservations.changes import Order, Result
from callkeeper.core.reservations.promise import Measure
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.installation.database import open_session
from callkeeper.store.port.reservations import Booked, Sought
from callkeeper.store.port.store import Store
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.board import board
from callkeeper.usecases.promises import Promises, Whose

_VDN = 1
_OUTSTANDING = 330
_MEASURE = Measure(30 * MINUTE_MS)
_ROUNDS = 200
_BATCH = 50
_SHARED = 50_000
_LISTED = 200
_BATCHES_A_SECOND = 10

DONE = """
UPDATE reservation SET version = 2, state = 'done', due_at = NULL, look_at = NULL,
  fail_code = '00000'
WHERE vdn <= {vdns}
"""
_DEAD = """
SELECT n_live_tup, n_dead_tup, pg_total_relation_size('outstanding') / 1024, autovacuum_count
FROM pg_stat_user_tables WHERE relname = 'outstanding'
"""


def main() -> int:
    """Measure, and print what came out."""
    how = _parameters()
    clock = SystemClock()
    for name in how.engines:
        for stored in how.sizes:
            with tempfile.TemporaryDirectory(dir=how.folder) as home, engine(name) as on:
                store, _ = _stored(on, Path(home), stored, clock)
                print(f"{name:9} {stored:>11,} stored: {_read(store, clock)}")
                store.close()
    for name in how.engines if how.agents else ():
        with tempfile.TemporaryDirectory(dir=how.folder) as home, engine(name) as on:
            print(f"{name:9} {how.agents} agents: {_lists(on, Path(home), how.agents, clock)}")
    if how.minutes:
        with tempfile.TemporaryDirectory(dir=how.folder) as home, engine("postgres") as on:
            _load(on, Path(home), how, clock)
    return 0


def _stored(on: Engine, home: Path, stored: int, clock: Clock) -> tuple[Store, str]:
    settings = on.new(home)
    mass.fill(settings, stored, clock)
    database = address(settings)
    run(database, DONE.format(vdns=mass.VDNS))
    store = SqlStore(open_session(settings))
    _book(store, clock, count(), _OUTSTANDING, -HOUR_MS)
    if on.postgres:
        run(database, "VACUUM ANALYZE")
    return store, database


def _book(store: Store, clock: Clock, numbers: Iterator[int], many: int, from_ms: int) -> list[str]:
    """Book manual calls from so long from now on, a minute apart, and return their ids."""
    now = clock.now()
    bookings = []
    for number in (next(numbers) for _ in range(many)):
        at = now + from_ms + number % _OUTSTANDING * MINUTE_MS // 2
        wish = Wish("manual", "66660001", str(number % mass.CAMPAIGNS + 1), at, "ann")
        id_ = f"9{number:029d}"
        bookings.append(Booking(_VDN, id_, wish, f"r{number}", "bench", now - 2 * HOUR_MS, 0))
    with store.transaction():
        booked = store.reservations.add(bookings)
    return [each.reservation.id for each in booked if isinstance(each, Booked)]


def _read(store: Store, clock: Clock) -> str:
    """Return how long a board and its counting take, at the median and at worst of a hundred."""
    now = clock.now()
    counting, whole = [], []
    for _ in range(_ROUNDS):
        begun = monotonic()
        sought = Sought(_VDN, 0, now + HOUR_MS)
        store.outstanding.count(sought, now, now - _MEASURE.grace_ms)
        counted = monotonic()
        board(store, _MEASURE, Whose(_VDN), now, 20)
        counting.append(counted - begun)
        whole.append(monotonic() - counted)
    return f"counted in {_told(counting)}, a board in {_told(whole)}"


def _told(seconds: list[float]) -> str:
    p99 = sorted(seconds)[len(seconds) * 99 // 100]
    return f"{median(seconds) * 1000:.2f} ms (99 %: {p99 * 1000:.2f})"


def _lists(on: Engine, home: Path, agents: int, clock: Clock) -> str:
    """Return how long an agent's list takes in a VDN where much waits for others."""
    store, database = _stored(on, home, 10_000, clock)
    now = clock.now()
    for begin in range(0, _SHARED, _BATCH):
        numbers = range(begin, begin + _BATCH)
        with store.transaction():
            store.reservations.add([_of_agent(number, agents, now) for number in numbers])
    if on.postgres:
        run(database, "VACUUM ANALYZE")
    took = []
    for turn in range(_ROUNDS):
        begun = monotonic()
        promises = Promises(store, _MEASURE, Whose(_VDN, f"a{turn % agents}"), now)
        promises.open(_LISTED)
        promises.within((now, now + DAY_MS), _LISTED, ("done",))
        took.append(monotonic() - begun)
    store.close()
    return f"a list in {_told(took)}"


def _of_agent(number: int, agents: int, now: Instant) -> Booking:
    at = now + number * 60 * DAY_MS // _SHARED
    wish = Wish("manual", "66660001", "1", at, f"a{number % agents}")
    return Booking(_VDN, f"8{number:029d}", wish, f"s{number}", "bench", now - HOUR_MS, 0)


def _load(on: Engine, home: Path, how: argparse.Namespace, clock: Clock) -> None:
    store, database = _stored(on, home, min(how.sizes), clock)
    numbers = count(_OUTSTANDING)
    for minute in range(how.minutes):
        began = monotonic()
        for turn in range(60 * _BATCHES_A_SECOND):
            ids = _book(store, clock, numbers, _BATCH, HOUR_MS)
            now = clock.now()
            filed = Result(fail_code="00000")
            with store.transaction():
                store.reservations.change([Order(_VDN, each, filed, "bench", now) for each in ids])
            Event().wait(max(0, began + (turn + 1) / _BATCHES_A_SECOND - monotonic()))
        ((live, dead, size_kb, swept),) = run(database, _DEAD)
        seconds = monotonic() - began
        print(
            f"postgres  minute {minute + 1:3}: {60 * _BATCHES_A_SECOND * _BATCH / seconds:,.0f} "
            f"creates and results a second, {live} rows, {dead} dead, {size_kb:,} kB, swept "
            f"{swept} times; {_read(store, clock)}",
            flush=True,
        )
    store.close()


def _parameters() -> argparse.Namespace:
    ours = argparse.ArgumentParser(
        prog="python -m bench.outstanding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    ours.add_argument("--engines", nargs="+", choices=options.ENGINES, default=options.ENGINES)
    ours.add_argument("--sizes", nargs="*", type=int, default=[10_000, 1_000_000])
    ours.add_argument("--agents", type=int, default=0, help="who share 50,000 calls")
    ours.add_argument("--minutes", type=int, default=0, help="of load, on PostgreSQL")
    ours.add_argument("--folder", type=Path, help="where to put the databases, for a while")
    return ours.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
