"""A Citus by hand: tables that hold rows are spread, get a machine more, and lose it under load.

    CALLKEEPER_TEST_DATABASE=postgresql://postgres@127.0.0.1/postgres \\
    python -m tests.fleet.machines \\
      --crash 'pg_ctl -D /srv/worker2 -m immediate stop' \\
      --start 'pg_ctl -D /srv/worker2 -l /srv/worker2/log -w start'

The URL leads to a coordinator that knows two workers or more; the commands crash and start the one
that comes first by `SELECT nodename, nodeport FROM pg_dist_node ORDER BY 1 DESC, 2 DESC`. CI has no
Citus, so this is for whoever has one. It prints what it saw, and fails where something was lost or
done twice.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import psycopg

from bench import mass
from callkeeper.client import Client
from callkeeper.clock import SystemClock
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.instants import MINUTE_MS, Instant
from callkeeper.settings import Settings
from callkeeper.store.engine.spread import SPREAD
from tests.durability.crew import Crew
from tests.durability.server import TASK, Served, ServerProcess
from tests.spread_postgres import SpreadPostgres
from tests.waiting import until

SEED = 20261201
STORED = 20_000
CALLS = 40  # to dial, of each VDN, when the machine crashes; and as many while it is away
CALM_SECONDS, AWAY_SECONDS = 8, 12
_MOVED_SECONDS = 600
_VDNS = range(201, 209)  # of the crews; the mass has those before
_NAMED = "CALLKEEPER_TEST_DATABASE"
_WHERE = """
SELECT n.nodename || ':' || n.nodeport FROM pg_dist_placement AS p
JOIN pg_dist_node AS n ON n.groupid = p.groupid
WHERE p.shardid = get_shard_id_for_distribution_column('reservation', %s)
"""
_WORKERS = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY 1 DESC, 2 DESC"
_MOVING = "SELECT state FROM citus_rebalance_status() ORDER BY job_id DESC LIMIT 1"
# By VDN and day: what lists count, and what they would count if they counted.
_TALLIED = """
SELECT vdn, day, SUM(listed)::int FROM {} GROUP BY 1, 2 HAVING SUM(listed) <> 0 ORDER BY 1, 2
"""
_COUNTED = """
SELECT vdn, (appoint_at / 86400000)::int, COUNT(*)::int FROM reservation
WHERE state <> 'cancelled' AND {} GROUP BY 1, 2 ORDER BY 1, 2
"""

Row = tuple[object, ...]


class Side:
    """A VDN, who works in it, and the calls that are to be dialed of it."""

    def __init__(self, served: Served, number: int) -> None:
        self.served = served
        self.crew = Crew(served, SEED, 1, first=number, tireless=True)
        self.calls: list[str] = []
        self._numbers = iter(range(10**6))

    @property
    def counts(self) -> Counter[str]:
        """How many requests were acknowledged or failed, and how many connections broke."""
        done = sum(each.acknowledged for each in self.crew.promises)
        crew = self.crew
        return Counter(acknowledged=done, failed=crew.failed, broken=crew.broken)

    def reserve(self) -> None:
        """Reserve calls that are to be dialed at once."""
        served = self.served
        url, key = f"http://127.0.0.1:{served.port}", served.key
        with Client(url, key.ak, key.secret, served.vdn) as client:
            for _ in range(CALLS):
                called, at = f"77{next(self._numbers):06d}0", served.clock.now() + MINUTE_MS
                self.calls.append(
                    client.reserve(called, at=at, campaign=int(TASK), agent="ann", automatic=True)
                )

    def placed(self, id_: str) -> list[Attempt]:
        """Return the attempts by which a call was placed, not those that were given back."""
        attempts = self.served.store.attempts.of(self.served.vdn, id_)
        return [each for each in attempts if each.placing_at is not None]

    def state(self, id_: str) -> str:
        """Return how a call stands."""
        return self.served.store.reservations.with_id(id_)[0].state


class Trial:
    """A database of a Citus, and what is asked of it past all of our code."""

    def __init__(self, home: Path, postgres: SpreadPostgres) -> None:
        self.home = home
        self.database = postgres.new_database()
        self.workers = self.ask(_WORKERS)

    def ask(self, sql: str, *values: object) -> list[Row]:
        """Run SQL on the coordinator."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def place_of(self, side: Side) -> str:
        """Return which machine has a VDN."""
        return str(self.ask(_WHERE, side.served.vdn)[0][0])

    def spread(self) -> float:
        """Run the command that spreads the tables; return how many seconds it took."""
        begun = monotonic()
        where = ["--data-dir", str(self.home / "data"), "--database", self.database]
        command = [sys.executable, "-m", "callkeeper", "spread", *where]
        subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
        return monotonic() - begun

    def rows(self) -> dict[str, int]:
        """Return how many rows of the mass each table has that is spread."""
        count = "SELECT COUNT(*) FROM {} WHERE vdn <= %s"
        return {name: int(str(self.ask(count.format(name), mass.VDNS)[0][0])) for name in SPREAD}

    def check_tallies(self) -> None:
        """Insist that what was counted row by row is what there is, day by day."""
        for table, counted in (("campaign_day", "true"), ("agent_day", "agent IS NOT NULL")):
            assert self.ask(_TALLIED.format(table)) == self.ask(_COUNTED.format(counted)), table

    def await_moved(self) -> None:
        """Wait until Citus has moved what it is moving."""
        end = monotonic() + _MOVED_SECONDS
        with psycopg.connect(self.database, autocommit=True) as connection:
            while (state := connection.execute(_MOVING).fetchone()) != ("finished",):
                assert state in (("scheduled",), ("running",)), state
                assert monotonic() < end, "is max_worker_processes high enough?"
                threading.Event().wait(0.5)


def fill_and_spread(trial: Trial) -> None:
    """Fill plain tables, and spread what they hold."""
    settings = Settings(data_dir=trial.home / "data", database=trial.database)
    mass.fill(settings, STORED, SystemClock())
    before = trial.rows()
    took = trial.spread()
    assert trial.rows() == before
    trial.check_tallies()
    full = sum(count > 0 for count in before.values())
    _say(f"spread: {sum(before.values())} rows in {full} of {len(before)} tables, {took:.1f} s")


def add_machine(trial: Trial, sides: Sequence[Side]) -> None:
    """Have a machine more, and rows moved there, while people work in what is moved."""
    mass_before, places = trial.rows(), [trial.place_of(each) for each in sides]
    for side in sides:
        side.crew.begin()
    begun = monotonic()
    trial.ask("SELECT citus_add_node(%s, %s)", *trial.workers[0])
    trial.spread()
    trial.ask("SELECT citus_rebalance_start()")
    trial.await_moved()
    took = monotonic() - begun
    _end(sides)
    assert trial.rows() == mass_before
    trial.check_tallies()
    moved = [
        each for each, place in zip(sides, places, strict=True) if trial.place_of(each) != place
    ]
    assert moved, "no VDN under load was moved"
    counts = sum((each.counts for each in sides), Counter())
    longest = max(each.crew.longest for each in sides)
    _say(f"a machine more: {len(moved)} of {len(sides)} VDNs under load moved to it, {took:.1f} s")
    _say(f"  {_told(counts)}, the longest request {longest:.2f} s")


def lose_machine(trial: Trial, sides: Sequence[Side], crash: str, start: str) -> Instant:
    """Crash the machine of the second side while both work and call; return when it was started."""
    healthy, other = sides

    def crash_and_reserve() -> None:
        _shell(crash)
        healthy.reserve()

    for side in sides:
        side.crew.begin()
    watch(trial, sides, "before", CALM_SECONDS)
    for side in sides:
        side.reserve()
    until(lambda: all(side.placed(each) for side in sides for each in side.calls))
    assert {side.state(each) for side in sides for each in side.calls} == {"calling"}
    try:
        watch(trial, sides, "while it is away", AWAY_SECONDS, crash_and_reserve)
    finally:
        started_at = other.served.clock.now()
        _shell(start)
    watch(trial, sides, "once it is back", CALM_SECONDS)
    _end(sides)
    assert other.crew.failed, "the machine was not away"
    return started_at


def watch(
    trial: Trial,
    sides: Sequence[Side],
    phase: str,
    seconds: int,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Say what each side is answered from the beginning of a phase to its end."""
    before = [each.counts for each in sides]
    begin()
    threading.Event().wait(seconds)
    for side, old in zip(sides, before, strict=True):
        new = side.counts
        new.subtract(old)
        _say(f"{phase}, VDN {side.served.vdn} at {trial.place_of(side)}: {_told(new)}")


def check_calls(side: Side, started_at: Instant) -> None:
    """Insist that each call was placed once, and what was reserved meanwhile when it could be."""
    until(lambda: all(side.state(each) == "done" for each in side.calls))
    placed = [side.placed(each) for each in side.calls]
    assert [len(each) for each in placed] == [1] * len(placed)
    waited = [(attempt.placing_at or 0) - started_at for (attempt,) in placed[CALLS:]]
    assert all(each >= 0 for each in waited)
    codes = Counter(attempt.fail_code for (attempt,) in placed)
    told = ", ".join(f"{count} with {code}" for code, count in codes.items())
    late = f"; the last {max(waited) / 1000:.1f} s after it was told to start" if waited else ""
    _say(f"VDN {side.served.vdn}: {len(placed)} calls, each placed once, {told}{late}")


def _end(sides: Sequence[Side]) -> None:
    """Have all who work stop, and insist that what they were told is there."""
    for side in sides:
        side.crew.end()
    for side in sides:
        side.crew.settle_and_check()


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in ("acknowledged", "failed", "broken"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _shell(command: str) -> None:
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=60, stdout=subprocess.DEVNULL)


class Asked(NamedTuple):
    """What the command line says."""

    url: str
    crash: str
    start: str


def main() -> None:
    """Do it all, one after the other."""
    asked = _asked()
    with (
        SpreadPostgres(asked.url) as postgres,
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
    ):
        trial = Trial(Path(folder), postgres)
        lost = "{}:{}".format(*trial.workers[0])
        _say(f"the worker that comes, crashes and is started again: {lost}")
        trial.ask("SELECT citus_remove_node(%s, %s)", *trial.workers[0])
        fill_and_spread(trial)
        server = ServerProcess(trial.home, trial.database, "--line", "rehearsal")
        stack.enter_context(server).start()
        sides = []
        for number, vdn in enumerate(_VDNS, 1):
            served = Served(trial.home, trial.database, server.port, vdn)
            stack.callback(served.store.close)
            sides.append(Side(served, number))
        add_machine(trial, sides)
        healthy = next(each for each in sides if trial.place_of(each) != lost)
        other = next(each for each in sides if trial.place_of(each) == lost)
        started_at = lose_machine(trial, (healthy, other), asked.crash, asked.start)
        check_calls(healthy, started_at)
        check_calls(other, started_at)
        trial.check_tallies()


def _asked() -> Asked:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crash", required=True, help="crashes a worker")
    parser.add_argument("--start", required=True, help="starts it again, and waits until it works")
    how = parser.parse_args()
    url = os.environ.pop(_NAMED, None)
    if url is None:
        parser.error(f"{_NAMED} must name a coordinator that knows two workers or more")
    with psycopg.connect(url) as connection:
        if len(connection.execute(_WORKERS).fetchall()) < 2:  # one is taken away for a while
            parser.error("the coordinator must know two workers or more")
    return Asked(url, how.crash, how.start)


if __name__ == "__main__":
    main()
