"""What grows with what is stored, and what does not. `make bench` runs this.

At 10 thousand, 1 million and 10 million reservations over 100 VDNs: how long lists take, how long a
server takes to start, its memory and its CPU while it idles with all of them waiting to be dialed,
and how large the database is.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from bench import load, mass, options, processes, report, size_report
from bench.case import run_case
from bench.engine import Engine, engine
from bench.mass import Mass
from bench.server import Server, ours, resident_mb, running
from bench.signed import Body, Signer
from callkeeper.clock import Clock, monotonic
from callkeeper.core.instants import DAY_MS
from callkeeper.installation.database import open_seal, open_session
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import issue

_PARAMETERS = ("sizes", "connections", "seconds", "rounds", "idle_seconds")
_QUICK = {"sizes": [10_000, 100_000], "rounds": 1, "seconds": 1, "idle_seconds": 3}
_PAGE = 10
_REQUESTS = 2_000
_SETTLE_SECONDS = 3


def main() -> int:
    """Run the case; print its tables, and write it down."""
    return run_case(_parameters(), _PARAMETERS, _of_engine, size_report.tables, "size.json")


def _of_engine(name: str, folder: Path, how: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for stored in how.sizes:
        with tempfile.TemporaryDirectory(dir=folder) as home, engine(name) as on:
            sizes[str(stored)] = _of_size(on, Path(home), stored, how, clock)
            version = on.version
    return {"version": version, "sizes": sizes}


def _of_size(
    on: Engine, home: Path, stored: int, how: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    settings = on.new(home)
    begun = monotonic()
    of = mass.fill(settings, stored, clock)
    options.say(f"{on.name}: {stored:,} stored after {monotonic() - begun:.0f} s")
    store = SqlStore(open_session(settings))
    signer = Signer(issue(store, open_seal(settings), clock, None), clock)
    store.close()
    with running(ours(settings, "--line", "rehearsal"), on, home) as server:
        found = {
            "stored": stored,
            "bytes_per_reservation": mass.bytes_stored(settings) / stored,
            "start_seconds": server.ready_seconds,
            "idle": _idle(server, how.idle_seconds),
            "lists": _lists(server, signer, of, home, how),
        }
        found["resident_mb"] = resident_mb(server)
    options.say(f"{on.name}: {found}")
    return found


def _idle(server: Server, seconds: float) -> dict[str, float]:
    """Return what a server uses that has nothing to do but to wait."""
    never = Event()
    never.wait(_SETTLE_SECONDS)
    before = processes.cpu_seconds(server.pid) + server.engine.cpu_seconds()
    never.wait(seconds)
    used = processes.cpu_seconds(server.pid) + server.engine.cpu_seconds() - before
    return {
        "cpu_ms_a_second": used / seconds * 1000,
        "resident_mb": resident_mb(server),
        "database_mb": server.engine.resident_mb(),
    }


def _lists(
    server: Server, signer: Signer, of: Mass, home: Path, how: argparse.Namespace
) -> dict[str, Any]:
    turns: dict[str, list[load.Turn]] = {}
    for number in range(how.rounds + 1):
        for name, bodies in _ways(of).items():
            requests = signer.prepare(home / "lists", "list", bodies, server=server)
            turn = load.run(server, requests, how.connections, how.seconds if number else 1)
            if number:  # the first is to warm up
                turns.setdefault(name, []).append(turn)
    return {
        name: {
            "p50_ms": report.median_and_range(each, lambda turn: turn.p50)["median"],
            "p99_ms": report.median_and_range(each, lambda turn: turn.p99)["median"],
            "requests_per_second": report.median_and_range(each, lambda turn: turn.rate)["median"],
        }
        for name, each in turns.items()
    }


def _ways(of: Mass) -> dict[str, Iterator[tuple[int, Body]]]:
    """Return what is listed, each time for another VDN, agent, campaign and day."""
    last = min(999, of.of_a_vdn // _PAGE - 1) * _PAGE

    def many(ask: Callable[[int], Body]) -> Iterator[tuple[int, Body]]:
        for number in range(_REQUESTS):
            yield number * 37 % mass.VDNS + 1, {"offset": 0, "limit": _PAGE, **ask(number)}

    def day(number: int) -> Body:
        begin = of.day(number)
        agents = [of.agent(number)]
        return {"userAccountList": agents, "beginTime": begin, "endTime": begin + DAY_MS - 1}

    return {
        "an agent's day": many(day),
        "a campaign's first page": many(lambda number: {"taskId": of.campaign(number)}),
        "a VDN's first page": many(lambda _: {}),
        "a VDN's thousandth page, or its last": many(lambda _: {"offset": last}),
    }


def _parameters() -> argparse.Namespace:
    parser = options.parser("size", __doc__, rounds=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=3, help="length of a turn")
    parser.add_argument("--idle-seconds", type=int, default=20)
    return options.read(parser, **_QUICK)


if __name__ == "__main__":
    sys.exit(main())
