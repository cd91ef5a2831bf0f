"""Measure a well-behaved client while others abuse the server. `python -m bench.abuse` runs this.

A client of one VDN files twenty results a second over one connection; each abuse runs beside it,
from a program of its own. All of it stays on loopback.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from bench import page, report
from bench.abuse_report import table
from bench.abuser import FLOODS, QUIET
from callkeeper import signing
from callkeeper.clock import Clock, SystemClock, monotonic
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservation import Booking, Wish
from callkeeper.installation import open_seal, open_session
from callkeeper.keyring import OpenKey, issue
from callkeeper.settings import Settings
from callkeeper.store.sql import SqlStore
from tests.private_postgres import PrivatePostgres
from tests.processes import children, forget_peaks, peak_mib
from tests.store.orders import has_campaign

_PACKAGES = ("uvicorn", "starlette", "msgspec", "psycopg")
_PER_SECOND = 20
_GOOD, _FLOODING = 25, 26
_RESERVATIONS = 2_000
_READY_SECONDS = 30
_WARM_UP_SECONDS = 1
_HERE = Path(__file__).parent


class Ground(NamedTuple):
    """A running server, with a key and reservations of each of two VDNs."""

    port: int
    pid: int
    keys: dict[int, OpenKey]
    ids: dict[int, list[str]]


def main() -> int:
    """Run every abuse on every engine; print a table, and write abuse.json."""
    how = _parameters()
    with tempfile.TemporaryDirectory(prefix="callkeeper-abuse-") as name:
        results: dict[str, Any] = {
            "machine": report.machine(SystemClock().now(), Path(name), _PACKAGES),
            "parameters": {
                "seconds": how.seconds,
                "rounds": how.rounds,
                "per_second": _PER_SECOND,
            },
            "engines": {},
        }
        for engine in how.engines:
            with _database(engine) as database, _ground(Path(name, engine), database) as ground:
                results["engines"][engine] = _measure(ground, Path(name), how)
    print(table(results["engines"]))
    if how.write:
        page.write("abuse.json", results)
    return 0


def _measure(on: Ground, folder: Path, how: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(how.rounds):
        for abuse in ("none", *how.abuses):
            pids = (on.pid, *children(on.pid))
            forget_peaks(pids)
            before = sum(map(peak_mib, pids))
            with _abusing(abuse, on, folder, how.seconds) as told:
                took = _behave(on, how.seconds)
            turn = {
                **_percentiles(took),
                "abuser": told.get("says", ""),
                "memory_growth_mib": round(sum(map(peak_mib, pids)) - before, 1),
            }
            found.setdefault(abuse, []).append(turn)
            print(f"{abuse} {number}: {json.dumps(turn)}", file=sys.stderr)
    return found


def _behave(on: Ground, seconds: float) -> list[float]:
    """File results as a well-behaved client does; return the milliseconds that each took."""
    took: list[float] = []
    ids, key = on.ids[_GOOD], on.keys[_GOOD]
    pause, begun = Event(), monotonic()
    with socket.create_connection(("127.0.0.1", on.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        for number in range(int(seconds * _PER_SECOND)):
            request = signed(on.port, key, _GOOD, _result(ids[number % len(ids)], number))
            pause.wait(max(0.0, begun + number / _PER_SECOND - monotonic()))
            sent = monotonic()
            connection.sendall(request)
            body = _answer(reader)
            took.append((monotonic() - sent) * 1000)
            if body["resultCode"] != "0200000":
                raise RuntimeError(f"the well-behaved client was answered {body}")
    return took


def _answer(reader: Any) -> dict[str, Any]:  # noqa: ANN401 - a socket's file
    length = 0
    while (line := reader.readline().strip().lower()) != b"":
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    answer: dict[str, Any] = json.loads(reader.read(length))
    return answer


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
        command += [on.keys[_FLOODING].ak]
    abuser = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_HERE.parent)
    Event().wait(_WARM_UP_SECONDS)
    try:
        yield told
    finally:
        printed, _ = abuser.communicate(timeout=seconds + 60)
        told["says"] = printed.strip().splitlines()[-1] if printed.strip() else ""


def _flood(abuse: str, on: Ground) -> Iterator[bytes]:
    """Yield the requests of a flood, signed, or as good as signed."""
    key = on.keys[_FLOODING]
    forged = key._replace(secret="x" * 40)
    stranger = OpenKey("A" * 20, "x" * 40, _FLOODING)
    bodies = (_result(id_, number) for number, id_ in enumerate(on.ids[_FLOODING]))
    if abuse == "one VDN at full speed":
        yield from (signed(on.port, key, _FLOODING, body) for body in bodies)
    elif abuse == "unknown keys":
        for number, body in enumerate(bodies):
            unknown = stranger._replace(ak=f"{number:020d}")
            yield signed(on.port, unknown, _FLOODING, body)
    elif abuse == "wrong signatures":
        yield from (signed(on.port, forged, _FLOODING, body) for body in bodies)
    elif abuse == "wrong signatures, 1 MiB":
        body = b'{"remark":"%b"}' % (b"x" * (1024 * 1024 - 13))
        yield from [signed(on.port, forged, _FLOODING, body)] * 4
    elif abuse == "expired timestamps":
        yield from (signed(on.port, key, _FLOODING, body, age_ms=3_600_000) for body in bodies)
    else:
        requests = [signed(on.port, key, _FLOODING, body) for body in bodies]
        yield from (b"".join(requests[i : i + 16]) for i in range(0, len(requests) - 16, 16))


def signed(port: int, key: OpenKey, vdn: int, body: bytes, age_ms: int = 0) -> bytes:
    """Return a signed updateResult, as bytes."""
    path = f"/rest/isales/v1/openapi/campaigns/{vdn}/appoint/updateResult"
    host = f"127.0.0.1:{port}"
    authorization = signing.authorize(
        key.ak,
        key.secret,
        at=signing.timestamp(SystemClock().now() - age_ms),
        method="POST",
        path=path,
        headers={"host": host},
        body=body,
    )
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json; charset=UTF-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _result(id_: str, number: int) -> bytes:
    fields = {"appointId": id_, "failCode": "00000", "callId": f"1747316188-{number}"}
    return json.dumps(fields, separators=(",", ":")).encode()


def _percentiles(took: list[float]) -> dict[str, float]:
    ordered = sorted(took)
    return {
        **{f"p{nth}": round(ordered[(len(ordered) - 1) * nth // 100], 2) for nth in (50, 99)},
        "most": round(ordered[-1], 2),
        "answered": len(ordered),
    }


@contextmanager
def _database(engine: str) -> Iterator[str | None]:
    if engine == "sqlite":
        yield None
        return
    with PrivatePostgres() as postgres:
        yield postgres.new_database()


@contextmanager
def _ground(home: Path, database: str | None) -> Iterator[Ground]:
    clock = SystemClock()
    settings = Settings(data_dir=home, database=database)
    session = open_session(settings)
    store = SqlStore(session)
    store.migrate()
    now = clock.now()
    keys = {vdn: issue(store, open_seal(settings), clock, vdn) for vdn in (_GOOD, _FLOODING)}
    ids = {}
    for vdn in keys:
        has_campaign(session, vdn, 1, begin_at=now, end_at=now + 86_400_000)
        ids[vdn] = _book(store, vdn, clock)
    store.close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    command = [sys.executable, "-m", "callkeeper", "serve", "--port", str(port)]
    command += ["--data-dir", str(home), *(["--database", database] if database else [])]
    log = home / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for(port, server, log)
        yield Ground(port, server.pid, keys, ids)
    finally:
        server.terminate()
        server.wait(30)


def _book(store: SqlStore, vdn: int, clock: Clock) -> list[str]:
    now, bookings = clock.now(), []
    for number in range(_RESERVATIONS):
        digest = request_digest("abuse", str(vdn), str(number))
        wish = Wish("manual", f"{66_660_000 + number}", "1", now + 3_600_000, agent="ann")
        bookings.append(Booking(vdn, id_for(now, digest), wish, digest.hex(), "abuse", now, 0))
    with store.transaction():
        store.add_reservations(bookings)
    return [booking.id for booking in bookings]


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    never = Event()
    for _ in range(_READY_SECONDS * 10):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except urllib.error.URLError:
            never.wait(0.1)
    raise RuntimeError(f"the server did not come up: {log.read_text()[-2000:]}")


def _parameters() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.abuse", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each abuse")
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--abuses", nargs="+", default=[*FLOODS, *QUIET])
    parser.add_argument("--no-write", dest="write", action="store_false", help="print, no file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
