"""updateResult and create, beside the usual way of writing them. `make bench` runs this.

It starts everything itself on loopback: a server of each kind over a database of its own. They take
turns under wrk, at each number of connections, and what was answered must be in the database.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from bench import load, options, pgbench, report, signed, writes_report
from bench.case import run_case
from bench.engine import Engine, engine
from bench.load import Turn
from bench.server import Server, running
from bench.signed import VDN, Body
from bench.stage import CAMPAIGN, Stage, prepare, written
from callkeeper.clock import Clock

UPDATE, CREATE = "updateResult", "create"
_PARAMETERS = ("connections", "seconds", "rounds", "reservations")
_QUICK = {"rounds": 1, "seconds": 1, "connections": [16], "reservations": 2_000}
_REQUESTS_A_SECOND = 20_000  # more than any of the careful ones answers
_OF_A_CONNECTION = 8_000  # and over one

FairShare = dict[str, list[Turn]]


class Bench(NamedTuple):
    """One engine with all that is measured on it."""

    on: Engine
    home: Path
    stage: Stage
    servers: list[Server]
    clock: Clock

    def update(self, server: Server, connections: int, seconds: int) -> Turn:
        """Have results filed for a while."""
        results = signed.results(VDN, self.stage.ids, self.stage.numbers)
        return self._each(server, UPDATE, results, connections, seconds)

    def create(self, server: Server, connections: int, seconds: int) -> Turn:
        """Have calls reserved for a while, each request another one."""
        wishes = signed.wishes(VDN, CAMPAIGN, self.stage.numbers, self.clock.now())
        return self._each(server, CREATE, wishes, connections, seconds)

    def _each(
        self,
        server: Server,
        interface: str,
        bodies: Iterator[tuple[int, Body]],
        connections: int,
        seconds: int,
    ) -> Turn:
        """Load a server with requests that were never sent before: none is done twice."""
        count = 5_000
        if server.is_careful:
            count = min(_REQUESTS_A_SECOND, _OF_A_CONNECTION * connections) * seconds
        requests = self.home / "requests"
        self.stage.signer.prepare(requests, interface, islice(bodies, count), server=server)
        turn = self._checked(server, requests, connections, seconds)
        if turn.ran_out and server.is_careful:
            raise RuntimeError(f"{count} requests were too few for {seconds} s")
        return turn

    def _checked(self, server: Server, requests: Path, connections: int, seconds: int) -> Turn:
        """Load a server; RuntimeError if it answered what is not in its database."""
        before = written(server.database) if server.database else 0
        turn = load.run(server, requests, connections, seconds)
        if server.database and written(server.database) - before < turn.requests - turn.failed:
            raise RuntimeError(f"{server.name} answered {turn.requests} requests, not all stored")
        return turn

    def updates(self, connections: int, seconds: int) -> dict[str, Turn]:
        """Return a turn of everybody who files results, by name."""
        updates = {each.name: self.update(each, connections, seconds) for each in self.servers}
        for form, database in self.stage.pgbench.items():
            by_itself = pgbench.turn(self.on, database, self.home, connections, seconds, form=form)
            updates[form] = by_itself
        return updates

    def round(self, connections: int, seconds: int) -> dict[str, dict[str, Turn]]:
        """Return a turn of everybody, by interface and name."""
        updates = self.updates(connections, seconds)
        creates = {each.name: self.create(each, connections, seconds) for each in self.servers}
        return {UPDATE: updates, CREATE: creates}


def main() -> int:
    """Run the case; print its tables, and write it down."""
    return run_case(_parameters(), _PARAMETERS, _of_engine, writes_report.tables, "writes.json")


def _of_engine(name: str, folder: Path, how: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    home = folder / name
    home.mkdir()
    with engine(name) as on, ExitStack() as stack:
        bench = _begin(on, home, how, clock, stack.enter_context)
        return {"version": on.version, **_measure(bench, how)}


def _begin(
    on: Engine, home: Path, how: argparse.Namespace, clock: Clock, keep: Callable[[Any], Any]
) -> Bench:
    stage = prepare(on, home, how.reservations, clock)
    servers = [keep(running(each, on, home)) for each in stage.programs]
    return Bench(on, home, stage, servers, clock)


def _measure(bench: Bench, how: argparse.Namespace) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {UPDATE: {}, CREATE: {}}
    bench.round(max(how.connections), 1)  # to warm up
    for connections in how.connections:
        turns: dict[str, FairShare] = {UPDATE: {}, CREATE: {}}
        for number in range(how.rounds):
            for interface, of in bench.round(connections, how.seconds).items():
                for name, turn in of.items():
                    turns[interface].setdefault(name, []).append(turn)
                    words = f"{bench.on.name} {interface} {connections} {name} {number + 1}"
                    options.say(f"{words}: {turn.rate:,.0f}/s")
        for interface, each in turns.items():
            summaries = {name: report.summary(of) for name, of in each.items()}
            found[interface][str(connections)] = summaries
    return found


def _parameters() -> argparse.Namespace:
    parser = options.parser("writes", __doc__, rounds=3)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--seconds", type=int, default=3, help="length of a turn")
    parser.add_argument("--reservations", type=int, default=20_000)
    return options.read(parser, **_QUICK)


if __name__ == "__main__":
    sys.exit(main())
