"""Measure a well-behaved client while others abuse the server. `python -m bench.abuse` runs this.

A client of one VDN files twenty results a second over one connection; each abuse runs beside it,
from a program of its own. All of it stays on loopback.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from bench import floods, page, report
from bench.abuse_report import floods_table, table
from bench.abuser import FLOODS, QUIET
from bench.ground import (
    FLOODING,
    PER_SECOND,
    Ground,
    behave,
    ground,
    memory_watched,
    percentiles,
    result,
    signed,
)
from callkeeper.clock import SystemClock
from callkeeper.usecases.keys import OpenKey
from tests.private_postgres import PrivatePostgres

_PACKAGES = ("uvicorn", "starlette", "msgspec", "psycopg")
_WARM_UP_SECONDS = 1
_FLOODED = {"one server, sqlite": ("sqlite", 1), "two behind HAProxy, postgres": ("postgres", 2)}
_HERE = Path(__file__).parent


def main() -> int:
    """Run every abuse on every engine; print a table, and write abuse.json."""
    how = _parameters()
    with tempfile.TemporaryDirectory(prefix="callkeeper-abuse-") as name:
        results: dict[str, Any] = {
            "machine": report.machine(SystemClock().now(), Path(name), _PACKAGES),
            "parameters": {
                "seconds": how.seconds,
                "rounds": how.rounds,
                "per_second": PER_SECOND,
            },
            "engines": {},
        }
        for engine in how.engines:
            with _database(engine) as database, ground(Path(name, engine), database) as on:
                results["engines"][engine] = _measure(on, Path(name), how)
        results["floods"] = {each: _floods(each, Path(name), how) for each in how.floods}
    print(table(results["engines"]))
    print(floods_table(results["floods"]))
    if how.write:
        page.write("abuse.json", results)
    return 0


def _floods(where: str, folder: Path, how: argparse.Namespace) -> dict[str, list[Any]]:
    engine, servers = _FLOODED[where]
    options = ["--line", "rehearsal"]
    with (
        _database(engine) as database,
        ground(folder / where, database, *options, servers=servers) as on,
    ):
        return floods.measure(on, folder, seconds=how.seconds, rounds=how.rounds)


def _measure(on: Ground, folder: Path, how: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(how.rounds):
        for abuse in ("none", *how.abuses):
            with memory_watched(on) as memory, _abusing(abuse, on, folder, how.seconds) as told:
                took = behave(on, how.seconds)
            turn = {**percentiles(took), "abuser": told.get("says", ""), **memory}
            found.setdefault(abuse, []).append(turn)
            print(f"{abuse} {number}: {json.dumps(turn)}", file=sys.stderr)
    return found


@contextmanager
def _abusing(abuse: str, on: Ground, folder: Path, seconds: int) -> Iterator[dict[str, str]]:
    """Run an abuse in a program of its own, until the block ends."""
    told: dict[str, str] = {}
    if abuse == "none":
        yield told
        return
    length = str(seconds + 2)
    if abuse in FLOODS:
        requests = folder / f"{abuse}.requests"
        with requests.open("wb") as out:
            for request in _flood(abuse, on):
                out.write(b"%d\n%b" % (len(request), request))
        script = str(_HERE / "requests.lua")
        command = ["wrk", "-t1", "-c64", f"-d{length}s", "--timeout=60s", "-s", script]
        command += [f"http://127.0.0.1:{on.port}", "--", str(requests)]
    else:
        command = [sys.executable, "-m", "bench.abuser", abuse, str(on.port), length]
        command += [on.keys[FLOODING].ak]
    abuser = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_HERE.parent)
    Event().wait(_WARM_UP_SECONDS)
    try:
        yield told
    finally:
        printed, _ = abuser.communicate(timeout=seconds + 60)
        told["says"] = printed.strip().splitlines()[-1] if printed.strip() else ""


def _flood(abuse: str, on: Ground) -> Iterator[bytes]:
    """Yield the requests of a flood, signed, or as good as signed."""
    key = on.keys[FLOODING]
    forged = key._replace(secret="x" * 40)
    stranger = OpenKey("A" * 20, "x" * 40, FLOODING)
    bodies = (result(id_, number) for number, id_ in enumerate(on.ids[FLOODING]))
    if abuse == "one VDN at full speed":
        yield from (signed(on.port, key, FLOODING, body) for body in bodies)
    elif abuse == "unknown keys":
        for number, body in enumerate(bodies):
            unknown = stranger._replace(ak=f"{number:020d}")
            yield signed(on.port, unknown, FLOODING, body)
    elif abuse == "wrong signatures":
        yield from (signed(on.port, forged, FLOODING, body) for body in bodies)
    elif abuse == "wrong signatures, 1 MiB":
        body = b'{"remark":"%b"}' % (b"x" * (1024 * 1024 - 13))
        yield from [signed(on.port, forged, FLOODING, body)] * 4
    elif abuse == "expired timestamps":
        yield from (signed(on.port, key, FLOODING, body, age_ms=3_600_000) for body in bodies)
    else:
        requests = [signed(on.port, key, FLOODING, body) for body in bodies]
        yield from (b"".join(requests[i : i + 16]) for i in range(0, len(requests) - 16, 16))


@contextmanager
def _database(engine: str) -> Iterator[str | None]:
    if engine == "sqlite":
        yield None
        return
    with PrivatePostgres() as postgres:
        yield postgres.new_database()


def _parameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each abuse")
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--abuses", nargs="+", default=[*FLOODS, *QUIET])
    parser.add_argument("--floods", nargs="*", default=list(_FLOODED), help="what is flooded")
    parser.add_argument("--no-write", dest="write", action="store_false", help="print, no file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
