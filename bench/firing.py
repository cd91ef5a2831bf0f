"""Measure how fast due reservations are fired, and how late. `make firing` runs this.

Three cases: many due at one instant, beside other schedulers; a steady stream; and many at one
instant through a real Asterisk, beside a bare loop. It starts everything itself on loopback.
"""

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from bench import firing_report, page, report
from bench.volley import Fired, UnpreparedError, Volley, fire
from callkeeper.clock import SystemClock
from tests.far_end import FarEnd
from tests.ports import free_port
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres

PROMISED_MS = 250  # how late 99 % may be at the most, in the steady stream
_PACKAGES = ("psycopg", "apscheduler", "procrastinate", "SQLAlchemy", "httpx2")
_PARAMETERS = ("rounds", "reservations", "per_second", "seconds", "calls")
_QUICK = {"rounds": 1, "reservations": 500, "seconds": 5, "calls": 100, "write": False}
_LEAD_SECONDS = 6
_PATIENCE = (1, 2, 4)


class Contender(NamedTuple):
    """Who fires on which engine; and at least how many jobs it stores a second beforehand."""

    engine: str
    name: str
    program: str
    form: str = ""
    prepares: int = 700


OURS = "callkeeper"
CONTENDERS = (
    Contender("sqlite", OURS, "callkeeper_dialer"),
    Contender("sqlite", "apscheduler, as documented", "apscheduler_peer", "documented", 250),
    Contender("sqlite", "apscheduler, WAL", "apscheduler_peer", "tuned"),
    Contender("sqlite", "apscheduler, WAL, results kept", "apscheduler_peer", "kept"),
    Contender("postgres", OURS, "callkeeper_dialer"),
    Contender("postgres", "apscheduler, as documented", "apscheduler_peer", "documented", 500),
    Contender("postgres", "apscheduler, results kept", "apscheduler_peer", "kept", 500),
    Contender("postgres", "procrastinate", "procrastinate_peer", prepares=2_000),
)
THROUGH_ASTERISK = (
    Contender("asterisk", OURS, "callkeeper_dialer"),
    Contender("asterisk", "bare loop", "bare_ari", prepares=10_000),
)

FairShare = dict[Contender, list[Fired]]


class Range:
    """Where volleys are fired: folders and databases of their own, one for each."""

    def __init__(self, folder: Path, postgres: PrivatePostgres | None) -> None:
        self._folder = folder
        self._postgres = postgres
        self._numbers = count(1)

    def fire(self, who: Contender, jobs: int, **fields: Any) -> Fired:  # noqa: ANN401 - a volley's
        """Have a contender fire so many jobs; if it was not ready in time, once more, later."""
        for patience in _PATIENCE:
            try:
                return self._fire(who, jobs, patience, **fields)
            except UnpreparedError:
                print(f"{who.engine} {who.name}: was not ready in time; again", file=sys.stderr)
        raise RuntimeError(f"{who.name} cannot store {jobs} jobs in time")

    def _fire(self, who: Contender, jobs: int, patience: int, **fields: Any) -> Fired:  # noqa: ANN401
        database = None
        if who.engine == "postgres" and self._postgres is not None:
            database = self._postgres.new_database()
        folder = self._folder / str(next(self._numbers))
        lead_ms = (_LEAD_SECONDS + jobs / who.prepares) * patience * 1000
        volley = Volley(
            count=jobs,
            due_at=SystemClock().now() + int(lead_ms),
            folder=str(folder),
            database=database,
            form=who.form,
            **fields,
        )
        fired = fire(who.program, volley)
        said = f"99 % within {fired.percentile(99)} ms, last {max(fired.late_ms)} ms"
        if not volley.per_second:
            said = f"{fired.per_second:,.0f}/s, {said}"
        print(f"{who.engine} {who.name}: {said}", file=sys.stderr)
        return fired


def main() -> int:
    """Run the cases that were asked for; print tables, and write firing.json and RESULTS.md."""
    how = _parameters()
    with ExitStack() as open_:
        name = tempfile.TemporaryDirectory(prefix="callkeeper-firing-", dir=how.folder)
        folder = Path(open_.enter_context(name))
        results: dict[str, Any] = {
            "machine": report.machine(SystemClock().now(), folder, _PACKAGES),
            "parameters": {key: getattr(how, key) for key in _PARAMETERS},
            "counts_all_cpu": True,
        }
        postgres = None
        if "postgres" in how.engines and {"at-once", "steady"} & set(how.cases):
            postgres = open_.enter_context(PrivatePostgres())
        range_ = Range(folder, postgres)
        results["engines"] = {each: _version(each, postgres) for each in how.engines}
        for case in how.cases:
            results[case] = _CASES[case](range_, how)
    print(firing_report.tables(results))
    if results["machine"]["provisional"]:
        print("Provisional: other programs were busy when it began.")
    if how.write:
        page.write("firing.json", results)
    return 0


def _at_once(range_: Range, how: argparse.Namespace) -> dict[str, Any]:
    contenders = [each for each in CONTENDERS if each.engine in how.engines]
    turns: FairShare = {each: [] for each in contenders}
    for _ in range(how.rounds):
        for each in contenders:
            turns[each].append(range_.fire(each, how.reservations))
    return _by_engine(turns)


def _steady(range_: Range, how: argparse.Namespace) -> dict[str, Any]:
    ours = [each for each in CONTENDERS if each.name == OURS and each.engine in how.engines]
    jobs = how.per_second * how.seconds
    turns: FairShare = {each: [] for each in ours}
    for _ in range(how.rounds):
        for each in ours:
            turns[each].append(range_.fire(each, jobs, per_second=how.per_second))
    found = _by_engine(turns)
    for of in found.values():
        del of[OURS]["fired_per_second"]  # it is what was due
        of[OURS]["is_within"] = of[OURS]["p99_ms"]["most"] <= PROMISED_MS
    return found | {"promised_ms": PROMISED_MS}


def _asterisk(range_: Range, how: argparse.Namespace) -> dict[str, Any] | None:
    try:
        far_end = FarEnd(free_port())
        asterisk = PrivateAsterisk(far_end.port)
    except FileNotFoundError as missing:
        print(f"left out, through Asterisk: {missing}", file=sys.stderr)
        return None
    turns: FairShare = {each: [] for each in THROUGH_ASTERISK}
    with far_end, asterisk:
        version = asterisk.ask("GET", "/asterisk/info")["system"]["version"].partition("~")[0]
        for _ in range(how.rounds):
            for each in THROUGH_ASTERISK:
                before = far_end.rung().total()
                turns[each].append(range_.fire(each, how.calls, ari_url=asterisk.url))
                rung = far_end.rung().total() - before
                if rung != how.calls:
                    raise RuntimeError(f"{each.name} made {how.calls} calls, and {rung} arrived")
    return {"version": version, **_by_engine(turns)["asterisk"]}


def _by_engine(turns: FairShare) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for who, fired in turns.items():
        found.setdefault(who.engine, {})[who.name] = firing_report.summary(fired)
    return found


def _version(engine: str, postgres: PrivatePostgres | None) -> str:
    if engine == "sqlite" or postgres is None:
        return f"sqlite {sqlite3.sqlite_version}"
    with psycopg.connect(postgres.url()) as connection:
        reported = connection.info.parameter_status("server_version") or ""
    return f"postgres {reported.partition(' ')[0]}"


_CASES: dict[str, Callable[[Range, argparse.Namespace], dict[str, Any] | None]] = {
    "at-once": _at_once,
    "steady": _steady,
    "asterisk": _asterisk,
}
_ENGINES = ("sqlite", "postgres")


def _parameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make firing ARGS='...'", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each in each case")
    parser.add_argument("--reservations", type=int, default=10_000, help="due at one instant")
    parser.add_argument("--per-second", type=int, default=200, help="due in the steady stream")
    parser.add_argument("--seconds", type=int, default=30, help="length of the steady stream")
    parser.add_argument("--calls", type=int, default=2_000, help="through Asterisk")
    parser.add_argument("--cases", nargs="+", choices=tuple(_CASES), default=tuple(_CASES))
    parser.add_argument("--engines", nargs="+", choices=_ENGINES, default=_ENGINES)
    parser.add_argument("--folder", type=Path, help="where to put the databases, for a while")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print, no files")
    parser.add_argument("--quick", action="store_true", help="a smoke test: small, and no files")
    how = parser.parse_args()
    for name, value in _QUICK.items() if how.quick else ():
        setattr(how, name, value)
    return how


if __name__ == "__main__":
    sys.exit(main())
