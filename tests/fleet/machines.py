"""A Citus by hand: a full database is spread, gets a machine more, and loses it under load.

    CALLKEEPER_TEST_DATABASE=postgresql://postgres@127.0.0.1/postgres \\
    python -m tests.fleet.machines --crash 'COMMAND' --start 'COMMAND'

The URL leads to a coordinator that knows two workers or more. The commands crash and start the last
of them, by address. CI has no Citus, so this is for whoever has one; it prints what it saw, and
fails where something was lost or done twice.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import psycopg

from bench import mass
from callkeeper.client import Client
from callkeeper.clock import Clock, SystemClock
from callkeeper.core.instants import MINUTE_MS
from callkeeper.settings import Settings
from callkeeper.store.engine.spread import SPREAD
from tests.durability.crew import Crew
from tests.durability.server import TASK, Served, ServerProcess
from tests.spread_postgres import SpreadPostgres
from tests.waiting import until

SEED = 20261201
STORED = 20_000
CALLS = 40  # to dial, of each VDN, while a machine is away
CALM_SECONDS, AWAY_SECONDS = 8, 12
_DIALED_SECONDS = 1.5  # so soon what is due is on the line
_VDNS = range(201, 264)  # of the crews; the mass has those before
_WHERE = """
SELECT p.nodename || ':' || p.nodeport FROM pg_dist_placement AS s
JOIN pg_dist_node AS p ON p.groupid = s.groupid
WHERE s.shardid = get_shard_id_for_distribution_column('reservation', %s)
"""
_LAST = "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 ORDER BY 1 DESC, 2 DESC"
_MOVED = "SELECT state FROM citus_rebalance_status() ORDER BY job_id DESC LIMIT 1"
# By VDN: what the lists count, and what they would count if they counted.
_TALLIED = "SELECT vdn, SUM(listed)::int FROM campaign_day GROUP BY vdn ORDER BY vdn"
_COUNTED = (
    "SELECT vdn, COUNT(*)::int FROM reservation WHERE state <> 'cancelled' GROUP BY 1 ORDER BY 1"
)


class Side(NamedTuple):
    """A VDN, who works in it, and the calls that are to be dialed of it."""

    served: Served
    crew: Crew
    calls: list[str]

    @property
    def acknowledged(self) -> int:
        """How many requests were acknowledged."""
        return sum(each.acknowledged for each in self.crew.promises)


class Trial:
    """A database of a Citus, and a server over it."""

    def __init__(self, home: Path, postgres: SpreadPostgres) -> None:
        self.home = home
        self.database = postgres.new_database()
        self.clock: Clock = SystemClock()

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Run SQL on the coordinator."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def spread(self) -> float:
        """Run the command that spreads the tables; return how many seconds it took."""
        begun = monotonic()
        where = ["--data-dir", str(self.home / "data"), "--database", self.database]
        command = [sys.executable, "-m", "callkeeper", "spread", *where]
        subprocess.run(command, check=True, timeout=600)
        return monotonic() - begun

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has that is spread."""
        return {name: int(str(self.ask(f"SELECT COUNT(*) FROM {name}")[0][0])) for name in SPREAD}  # noqa: S608

    def check_tallies(self) -> None:
        """Insist that what was counted row by row is what there is."""
        tallied = [row for row in self.ask(_TALLIED) if row[1]]
        assert tallied == self.ask(_COUNTED)

    def fill_and_spread(self) -> None:
        """Fill plain tables, and spread what they hold."""
        mass.fill(Settings(data_dir=self.home / "data", database=self.database), STORED, self.clock)
        before = self.rows()
        took = self.spread()
        assert self.rows() == before
        self.check_tallies()
        _say(f"spread: {sum(before.values())} rows of {len(before)} tables in {took:.1f} s")

    def side(self, port: int, vdn: int, first: int) -> Side:
        """Return a VDN with people who work in it."""
        served = Served(self.home, self.database, port, vdn)
        return Side(served, Crew(served, SEED, 2, first=first, tireless=True), [])

    def add_machine(self, crew: Crew, machine: tuple[object, ...]) -> None:
        """Have a machine more, and rows moved there, while a crew works."""
        crew.begin()
        self.ask("SELECT citus_add_node(%s, %s)", *machine)
        self.spread()
        begun, failed = monotonic(), crew.failed
        self.ask("SELECT citus_rebalance_start()")
        until(lambda: self.ask(_MOVED)[0][0] == "finished", 600)
        took = monotonic() - begun
        crew.end()
        crew.settle_and_check()
        self.check_tallies()
        acknowledged, _ = crew.check_all()
        _say(
            f"a machine more: rows moved in {took:.1f} s; {acknowledged} requests acknowledged, "
            f"{crew.failed - failed} failed, the longest took {crew.longest:.2f} s"
        )

    def place_of(self, vdn: int) -> str:
        """Return which machine has a VDN."""
        return str(self.ask(_WHERE, vdn)[0][0])


def reserve(side: Side, clock: Clock, numbers: Sequence[int]) -> None:
    """Reserve calls that are to be dialed at once."""
    key, port, vdn = side.served.key, side.served.port, side.served.vdn
    with Client(f"http://127.0.0.1:{port}", key.ak, key.secret, vdn) as client:
        for number in numbers:
            at = clock.now() + MINUTE_MS
            called = f"77{number:06d}0"
            side.calls.append(
                client.reserve(called, at=at, campaign=int(TASK), agent="ann", automatic=True)
            )


def lose_machine(trial: Trial, sides: Sequence[Side], crash: str, start: str) -> None:
    """Crash the machine of the second side while both work and call, and start it again."""

    def crash_in_mid_call() -> None:
        for side in sides:
            reserve(side, trial.clock, range(CALLS))
        threading.Event().wait(_DIALED_SECONDS)
        shell(crash)
        reserve(sides[0], trial.clock, range(CALLS, 2 * CALLS))

    for side in sides:
        side.crew.begin()
    watch(trial, sides, "before", CALM_SECONDS)
    crash_in_mid_call()
    watch(trial, sides, "while it is away", AWAY_SECONDS)
    shell(start)
    watch(trial, sides, "once it is back", CALM_SECONDS)
    for side in sides:
        side.crew.end()
    for side in sides:
        side.crew.settle_and_check()


def watch(trial: Trial, sides: Sequence[Side], phase: str, seconds: int) -> None:
    """Say what each side is answered for so many seconds."""
    before = [(each.acknowledged, each.crew.failed) for each in sides]
    threading.Event().wait(seconds)
    for side, (done, failed) in zip(sides, before, strict=True):
        told = f"{side.acknowledged - done} acknowledged, {side.crew.failed - failed} failed"
        _say(f"{phase}, VDN {side.served.vdn} at {trial.place_of(side.served.vdn)}: {told}")


def check_calls(side: Side) -> None:
    """Insist that each call comes to its end, by one attempt."""
    store, vdn, begun = side.served.store, side.served.vdn, monotonic()
    until(lambda: all(store.reservations.with_id(each)[0].state == "done" for each in side.calls))
    took = monotonic() - begun
    placed = [_placed(side, each) for each in side.calls]
    assert placed == [1] * len(placed), placed
    codes = Counter(str(store.reservations.with_id(each)[0].fail_code) for each in side.calls)
    told = ", ".join(f"{count} of {code}" for code, count in codes.items())
    _say(f"VDN {vdn}: {len(placed)} calls, each placed once, done {took:.1f} s later: {told}")


def _placed(side: Side, id_: str) -> int:
    """Return how often a call was placed; what was claimed and given back was not."""
    attempts = side.served.store.attempts.of(side.served.vdn, id_)
    return sum(each.placing_at is not None for each in attempts)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def shell(command: str) -> None:
    """Run a command of whoever tries this."""
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=60, stdout=subprocess.DEVNULL)


def main() -> None:
    """Do it all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--crash", required=True, help="crashes the last worker")
    parser.add_argument("--start", required=True, help="starts it again, and waits until it works")
    how = parser.parse_args()
    url = os.environ.pop("CALLKEEPER_TEST_DATABASE")
    with SpreadPostgres(url) as postgres, tempfile.TemporaryDirectory() as folder:
        trial = Trial(Path(folder), postgres)
        machine = trial.ask(_LAST)[0]
        trial.ask("SELECT citus_remove_node(%s, %s)", *machine)
        trial.fill_and_spread()
        with ServerProcess(trial.home, trial.database, "--line", "rehearsal") as server:
            server.start()
            first = trial.side(server.port, _VDNS[0], 1)
            trial.add_machine(first.crew, machine)
            lost = f"{machine[0]}:{machine[1]}"
            healthy = next(vdn for vdn in _VDNS[1:] if trial.place_of(vdn) != lost)
            other = next(vdn for vdn in _VDNS[1:] if trial.place_of(vdn) == lost)
            sides = [trial.side(server.port, healthy, 11), trial.side(server.port, other, 21)]
            lose_machine(trial, sides, how.crash, how.start)
            for side in sides:
                check_calls(side)
            trial.check_tallies()
            for side in (first, *sides):
                side.served.store.close()


if __name__ == "__main__":
    main()
