"""What the console's pages cost, and what they cost the API. `make bench` runs this.

At 10 thousand and 1 million reservations, or as many as `--sizes` names (10 million take some ten
minutes and 15 GB for each engine): how long a server works on an agent's list and on a board of 330
outstanding calls. How many bytes a browser loads for its first page, and when that renews itself.
What a stream holds. And how fast results are filed while 300 pages are open and 50 other results a
second change what they show, and how soon they show it.
"""

import argparse
import json
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from gzip import compress
from pathlib import Path
from threading import Event
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2

from bench import console_report, mass, open_pages, options
from bench.case import run_case
from bench.engine import Engine, address, engine, run
from bench.open_pages import VDN, Stage, Visitor
from bench.outstanding import DONE
from bench.processes import resident_mb
from bench.server import OURS, Server, ours, ours_apart, running
from callkeeper.clock import Clock, monotonic, new_token
from callkeeper.console.assets import Assets
from callkeeper.console.door import COOKIE
from callkeeper.console.visit import BY_ITSELF
from callkeeper.core.instants import HOUR_MS, MINUTE_MS
from callkeeper.core.people.changes import NewPerson
from callkeeper.core.people.person import Role, Tie
from callkeeper.core.people.session import SignIn, digest_of, new_session
from callkeeper.core.refusal import Refusal
from callkeeper.core.reservations.changes import Order, Result
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.installation.database import open_seal, open_session
from callkeeper.store.port.store import Store
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import issue

_AGENTS = 30  # who have calls to make when it begins; the others get theirs meanwhile
_OF_AGENT = range(-10, 11)  # calls of each: those before are done, or, of some, late
_LATE = 4
_SUPERVISORS = 15
_PATIENCE_SECONDS = 30
_STREAM_BYTES = 2**16
_STATIC = re.compile(r'(?:href|src)="(/console/static/[^"]+)"')

_PARAMETERS = ("sizes", "looks", "pages", "results", "connections", "seconds", "rounds")
_QUICK = {"sizes": [10_000], "looks": 20, "pages": 20, "rounds": 1, "seconds": 2}


def main() -> int:
    """Run the case; print its tables, and write it down."""
    return run_case(_parameters(), _PARAMETERS, _of_engine, console_report.tables, "console.json")


def _of_engine(name: str, folder: Path, how: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    found: dict[str, Any] = {"sizes": {}}
    for place, stored in enumerate(how.sizes):
        with tempfile.TemporaryDirectory(dir=folder) as home, engine(name) as on:
            stage = prepare(on, Path(home), stored, clock, how.pages)
            options.say(f"{on.name}: {stored:,} stored")
            with running(ours(stage.settings), on, Path(home)) as server:
                found["version"] = on.version
                found["sizes"][str(stored)] = looks(server, Path(home), stage, how.looks)
                if place == 0:
                    found["bytes"] = first_bytes(server, stage)
                    found["stream_kib"] = stream_kib(server, stage)
            if place == 0:
                found["open"] = _open(on, Path(home), stage, how, clock)
            options.say(f"{on.name}: {found}")
    return found


def _open(
    on: Engine, home: Path, stage: Stage, how: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    """Return what open pages take, and how soon they show a result: by each way to serve them."""
    found = {}
    ways = {"together": ours(stage.settings), "apart": ours_apart(stage.settings)}
    for name, program in ways.items():
        with running(program, on, home) as server:
            found[name] = open_pages.measure(server, home, stage, how, clock)
        options.say(f"{on.name}, {name}: {found[name]}")
    return found


def prepare(on: Engine, home: Path, stored: int, clock: Clock, pages: int) -> Stage:
    """Fill an installation, promise a day of calls in one VDN, and let people in there."""
    settings = on.new(home)
    mass.fill(settings, stored, clock)
    run(address(settings), DONE.format(vdns=mass.VDNS))
    store = SqlStore(open_session(settings))
    _promise(store, clock)
    if on.postgres:
        run(address(settings), "VACUUM ANALYZE")
    key = issue(store, open_seal(settings), clock, None)
    agents = max(1, pages - _SUPERVISORS)
    roles = [Role("supervisor", VDN)] * _SUPERVISORS
    roles += [Role("agent", VDN, f"a{number}") for number in range(agents)]
    cookies = _let_in(store, clock, roles)
    store.close()
    watching = [Visitor(each, f"/console/{VDN}/board", str(VDN)) for each in cookies]
    calling = [
        Visitor(cookie, f"/console/{VDN}/today", f"{VDN}/own", role.agent)
        for cookie, role in zip(cookies, roles, strict=True)
    ]
    return Stage(settings, key, watching[:_SUPERVISORS], calling[_SUPERVISORS:])


def _promise(store: Store, clock: Clock) -> None:
    now = clock.now()
    for agent in range(_AGENTS):
        bookings, orders = [], []
        for each in _OF_AGENT:
            at = now + each * 6 * MINUTE_MS + agent * 1000
            id_ = f"9{agent * 100 + each + 50:029d}"
            wish = Wish("manual", "13800138000", str(agent % mass.CAMPAIGNS + 1), at, f"a{agent}")
            bookings.append(Booking(VDN, id_, wish, id_, "bench", now - 3 * HOUR_MS, 0))
            if each < -_LATE:
                filed = Result(fail_code="00000", begin_at=at, end_at=at + MINUTE_MS)
                orders.append(Order(VDN, id_, filed, "bench", now))
        with store.transaction():
            _insist([*store.reservations.add(bookings), *store.reservations.change(orders)])


def _let_in(store: Store, clock: Clock, roles: Sequence[Role]) -> list[str]:
    """Add somebody in each role, and return the token of a session of theirs."""
    now = clock.now()
    tokens = [new_token() for _ in roles]
    ties = [Tie("https://bench.example", str(number)) for number in range(len(roles))]
    logins = [f"person{number}" for number in range(len(roles))]
    with store.transaction():
        _insist(
            store.people.add(
                [
                    NewPerson(login, login, role, None, "bench", now, tie)
                    for login, role, tie in zip(logins, roles, ties, strict=True)
                ]
            )
        )
        _insist(
            store.sessions.add(
                [
                    SignIn(new_session(digest_of(token), login, now), None, tie=tie)
                    for login, token, tie in zip(logins, tokens, ties, strict=True)
                ]
            )
        )
    return tokens


def _insist(outcomes: Sequence[object]) -> None:
    for each in outcomes:
        if isinstance(each, Refusal):
            raise each


def looks(server: Server, home: Path, stage: Stage, times: int) -> dict[str, Any]:
    """Return how long the server works on each page, as its own log tells it."""
    log = home / f"{OURS}.log"
    found = {}
    for name, visitors in (("today", stage.agents[:_AGENTS]), ("board", stage.supervisors)):
        for counted in (_SUPERVISORS, times):  # the first are to warm up
            offset = log.stat().st_size
            with httpx2.Client(base_url=server.console, trust_env=False) as client:
                for number in range(counted):
                    visitor = visitors[number % len(visitors)]
                    _page(client, visitor)
            took = sorted(_told(log, offset, counted))
        found[name] = {
            "p50_ms": took[len(took) // 2],
            "p99_ms": took[min(len(took) - 1, len(took) * 99 // 100)],
        }
    return found


def _page(client: httpx2.Client, visitor: Visitor) -> httpx2.Response:
    seen = client.get(visitor.path, headers={"cookie": f"{COOKIE}={visitor.cookie}"})
    if seen.status_code != httpx2.codes.OK:
        raise RuntimeError(f"{visitor.path} is answered with HTTP {seen.status_code}")
    return seen


def _told(log: Path, offset: int, many: int) -> list[float]:
    """Return what a log tells of so many pages, in milliseconds; it is written a little later."""
    deadline = monotonic() + _PATIENCE_SECONDS
    while monotonic() < deadline:
        with log.open("rb") as file:
            file.seek(offset)
            lines = [json.loads(each) for each in file if each.endswith(b"\n")]
        took = [each["ms"] for each in lines if each.get("interface") == "console"]
        if len(took) >= many:
            return took
        Event().wait(0.05)
    raise RuntimeError(f"the log tells of {len(took)} pages in place of {many}")


def first_bytes(server: Server, stage: Stage) -> dict[str, Any]:
    """Return what a browser loads first, and how large our own scripts are."""
    found: dict[str, Any] = {}
    with httpx2.Client(base_url=server.console, trust_env=False) as client:
        for name, visitors in (("today", stage.agents), ("board", stage.supervisors)):
            visitor = visitors[0]
            paths = [visitor.path, *set(_STATIC.findall(_page(client, visitor).text))]
            parts = [_loaded(client, each, visitor) for each in paths]
            found[name] = {
                "requests": len(parts),
                "raw": sum(len(each.plain) for each in parts),
                "gzip": sum(len(compress(each.plain, mtime=0)) for each in parts),
                "sent": sum(each.sent for each in parts),
                "renewed": _loaded(client, visitor.path, visitor, {BY_ITSELF.decode(): "0"}).sent,
            }
    scripts = [each for each in Assets().by_path.values() if each.path.endswith(".js")]
    found["scripts"] = {
        each.path.rpartition("/")[2]: {"raw": len(each.plain), "gzip": len(each.compressed)}
        for each in scripts
    }
    return found


class _Loaded(NamedTuple):
    plain: bytes
    sent: int  # bytes of the body on its way


def _loaded(
    client: httpx2.Client,
    path: str,
    visitor: Visitor,
    more: Mapping[str, str] = MappingProxyType({}),
) -> _Loaded:
    """Load what a browser does, which takes it compressed."""
    headers = {"cookie": f"{COOKIE}={visitor.cookie}", "accept-encoding": "gzip", **more}
    with client.stream("GET", path, headers=headers) as seen:
        plain = seen.read()
        return _Loaded(plain, seen.num_bytes_downloaded)


def stream_kib(server: Server, stage: Stage) -> float:
    """Return what a stream holds of the server's memory; it has as many open before it counts."""
    visitors = [*stage.supervisors, *stage.agents]
    half = len(visitors) // 2
    with ExitStack() as streams:
        for each in visitors[:half]:
            streams.enter_context(_stream(server, each))
        before = resident_mb(server.pid)
        for each in visitors[half:]:
            streams.enter_context(_stream(server, each))
        return (resident_mb(server.pid) - before) * 1024 / (len(visitors) - half)


@contextmanager
def _stream(server: Server, visitor: Visitor) -> Iterator[None]:
    address = urlsplit(server.console)
    with socket.create_connection((address.hostname, address.port)) as stream:
        head = f"GET /console/changes?vdn={VDN} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        stream.sendall(f"{head}Cookie: {COOKIE}={visitor.cookie}\r\n\r\n".encode())
        if not stream.recv(_STREAM_BYTES).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the stream did not begin")
        yield


def _parameters() -> argparse.Namespace:
    parser = options.parser("console", __doc__, rounds=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--looks", type=int, default=500, help="at each page")
    parser.add_argument("--pages", type=int, default=300, help="that are open")
    parser.add_argument("--results", type=int, default=50, help="a second, which pages show")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10, help="length of a turn")
    parser.add_argument("--requests-per-second", type=int, default=12_000, help="prepared")
    return options.read(parser, **_QUICK, requests_per_second=6_000)


if __name__ == "__main__":
    sys.exit(main())
