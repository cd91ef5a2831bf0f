"""Measure updateResult beside the usual way of writing it. `make bench` runs this.

It starts everything itself on loopback: the servers, a PostgreSQL of its own, and wrk.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import load, page, report
from bench.stage import VDN, Server, Stage, stage, stored
from callkeeper.clock import SystemClock

_ENGINES = ("sqlite", "postgres")
_PARAMETERS = ("connections", "seconds", "rounds", "reservations")


def main() -> int:
    """Run the benchmark; print a table, and write results.json and RESULTS.md."""
    how = _parameters()
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="callkeeper-bench-", dir=how.folder) as name:
        folder = Path(name)
        results: dict[str, Any] = {
            "machine": report.machine(clock.now(), folder),
            "parameters": {key: getattr(how, key) for key in _PARAMETERS},
            "engines": {},
        }
        for engine in how.engines:
            home = folder / engine
            home.mkdir()
            with stage(engine, home, how.reservations, clock) as running:
                results["engines"][engine] = _measure(running, engine, home, how)
    print(report.table(results["engines"]))
    if results["machine"]["provisional"]:
        print("Provisional: other programs were busy when it began.")
    if how.write:
        page.write("results.json", results)
    return 0


def _measure(on: Stage, engine: str, home: Path, how: argparse.Namespace) -> dict[str, Any]:
    host = on.servers[0].url.removeprefix("http://")
    requests = load.prepare(home / "requests", host, VDN, on.key, on.ids, SystemClock())
    turns: dict[str, list[load.Turn]] = {server.name: [] for server in on.servers}
    for number in range(how.rounds + 1):
        for server in on.servers:
            warm_up = number == 0
            seconds = 1 if warm_up else how.seconds
            turn = load.run(server.url, requests, how.connections, seconds, server.pid)
            turns[server.name].append(turn)
            if not warm_up:
                print(f"{engine} {server.name} {number}: {turn.rate:,.0f}/s", file=sys.stderr)
    for server in on.servers:
        _check_stored(server, turns[server.name])
    counted = {name: report.summary(each[1:]) for name, each in turns.items()}
    ours, *usual = (each["requests_per_second"]["median"] for each in counted.values())
    return {
        "engine": f"{engine} {on.version}",
        "servers": counted,
        "ratio_to_the_faster": round(ours / max(usual), 2),
    }


def _check_stored(server: Server, turns: list[load.Turn]) -> None:
    """RuntimeError if a request was answered whose result is not in the database."""
    answered = sum(turn.requests for turn in turns)
    found = stored(server.database)
    if found < answered:
        raise RuntimeError(f"{server.name} answered {answered} requests and stored {found}")


def _parameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS='...'", description=__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=5, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server on each engine")
    parser.add_argument("--reservations", type=int, default=20_000)
    parser.add_argument("--engines", nargs="+", choices=_ENGINES, default=_ENGINES)
    parser.add_argument("--folder", type=Path, help="where to put the databases, for a while")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print, no files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
