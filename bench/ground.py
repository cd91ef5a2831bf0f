"""Where it is measured what abuse does: servers with two tenants, and a client of one of them."""

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from callkeeper import signing
from callkeeper.clock import Clock, SystemClock, monotonic
from callkeeper.core.instants import DAY_MS
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.reservation import Booking, Wish
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import OpenKey, issue
from tests.fleet.balancer import configuration
from tests.processes import children, forget_peaks, peak_mib
from tests.signed import sign
from tests.store.orders import has_campaign

PER_SECOND = 20
GOOD, FLOODING = 25, 26
_RESERVATIONS = 2_000
_CALL_EVERY_MS = 500
_READY_SECONDS = 30


class Ground(NamedTuple):
    """What runs: the port that clients use, the servers, and keys and reservations by VDN."""

    port: int
    servers: list[int]
    balancer_log: Path
    keys: dict[int, OpenKey]
    ids: dict[int, list[str]]
    store: SqlStore

    @property
    def pids(self) -> list[int]:
        """The servers and what they have started."""
        return [each for pid in self.servers for each in (pid, *children(pid))]

    def downs(self) -> int:
        """Return how often the balancer took a server to be down."""
        if not self.balancer_log.exists():
            return 0
        return self.balancer_log.read_text("utf-8").count(" is DOWN")


@contextmanager
def ground(home: Path, database: str | None, *flags: str, servers: int = 1) -> Iterator[Ground]:
    """Run one server, or several behind HAProxy as the documents have it."""
    clock = SystemClock()
    settings = Settings(data_dir=home, database=database)
    session = open_session(settings)
    store = SqlStore(session)
    store.migrate()
    now = clock.now()
    keys = {vdn: issue(store, open_seal(settings), clock, vdn) for vdn in (GOOD, FLOODING)}
    for vdn in keys:
        has_campaign(session, vdn, 1, begin_at=now, end_at=now + DAY_MS)
    ids = {vdn: _book(store, clock, vdn) for vdn in keys}
    log = home / "balancer.log"
    with ExitStack() as running:
        running.callback(store.close)
        ports, pids = [], []
        for number in range(servers):
            port, internal = _free_port(), _free_port()
            command = ["/usr/bin/env", f"CALLKEEPER_INTERNAL_PORT={internal}", sys.executable]
            command += ["-m", "callkeeper", "serve", "--port", str(port)]
            command += ["--data-dir", str(home), *(["--database", database] if database else [])]
            pids.append(running.enter_context(_running([*command, *flags], home / f"log{number}")))
            ports.append((port, internal))
            _wait_for(port)
        entrance = ports[0][0]
        if servers > 1:
            entrance = _free_port()
            file = home / "haproxy.cfg"
            file.write_text(configuration(entrance, ports, "Several machines"), "utf-8")
            running.enter_context(_running(["/usr/sbin/haproxy", "-db", "-f", str(file)], log))
            _wait_for(entrance)
        yield Ground(entrance, pids, log, keys, ids, store)


def behave(on: Ground, seconds: float) -> list[float]:
    """File results as a well-behaved client does; return the milliseconds that each took."""
    took: list[float] = []
    ids, key = on.ids[GOOD], on.keys[GOOD]
    pause, begun = Event(), monotonic()
    with socket.create_connection(("127.0.0.1", on.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = connection.makefile("rb")
        for number in range(int(seconds * PER_SECOND)):
            request = signed(on.port, key, GOOD, result(ids[number % len(ids)], number))
            pause.wait(max(0.0, begun + number / PER_SECOND - monotonic()))
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


def percentiles(took: Sequence[float]) -> dict[str, float]:
    """Return what is told of some milliseconds."""
    ordered = sorted(took)
    return {
        **{f"p{nth}": round(ordered[(len(ordered) - 1) * nth // 100], 2) for nth in (50, 99)},
        "most": round(ordered[-1], 2),
        "answered": len(ordered),
    }


@contextmanager
def memory_watched(on: Ground) -> Iterator[dict[str, float]]:
    """Tell how much more, in MiB, the servers' processes held at their peaks in the block."""
    pids = on.pids
    forget_peaks(pids)
    before = sum(map(peak_mib, pids))
    told: dict[str, float] = {}
    yield told
    told["memory_growth_mib"] = round(sum(map(peak_mib, pids)) - before, 1)


def signed(port: int, key: OpenKey, vdn: int, body: bytes, age_ms: int = 0) -> bytes:
    """Return a signed updateResult, as bytes."""
    path = f"/rest/isales/v1/openapi/campaigns/{vdn}/appoint/updateResult"
    at = signing.timestamp(SystemClock().now() - age_ms)
    return sign(key, f"127.0.0.1:{port}", path, body, at=at).raw()


def result(id_: str, number: int) -> bytes:
    """Return the body of a result; none is like another."""
    fields = {"appointId": id_, "failCode": "00000", "callId": f"1747316188-{number}"}
    return json.dumps(fields, separators=(",", ":")).encode()


def promise_calls(on: Ground, seconds: int) -> list[str]:
    """Reserve automatic calls that fall due one after another, from a second from now on."""
    now = SystemClock().now()
    due = range(now + 1000, now + 1000 + seconds * 1000, _CALL_EVERY_MS)
    wishes = (Wish("automatic", "66660001", "1", appoint_at=at) for at in due)
    return _store(on.store, now, GOOD, [(wish, f"call {wish.appoint_at}") for wish in wishes])


def lateness_ms(on: Ground, calls: Sequence[str]) -> list[int]:
    """Return how late the line was asked for each call; one not asked for is late until now."""
    late = []
    for each in calls:
        (reservation,) = on.store.reservations.with_id(each)
        attempts = on.store.attempts.of(GOOD, each)
        asked = attempts[0].placing_at if attempts else None
        late.append((asked or SystemClock().now()) - reservation.appoint_at)
    return late


def _book(store: SqlStore, clock: Clock, vdn: int) -> list[str]:
    now = clock.now()
    wishes = [
        (Wish("manual", f"{66_660_000 + number}", "1", now + 3_600_000, agent="ann"), str(number))
        for number in range(_RESERVATIONS)
    ]
    return _store(store, now, vdn, wishes)


def _store(store: SqlStore, now: int, vdn: int, wishes: Sequence[tuple[Wish, str]]) -> list[str]:
    bookings = []
    for wish, name in wishes:
        digest = request_digest("abuse", str(vdn), name)
        bookings.append(Booking(vdn, id_for(now, digest), wish, digest.hex(), "abuse", now, 0))
    with store.transaction():
        store.reservations.add(bookings)
    return [booking.id for booking in bookings]


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[int]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    never = Event()
    for _ in range(_READY_SECONDS * 10):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/rest", timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            never.wait(0.1)
    raise RuntimeError(f"nobody answers at port {port}; see the logs")
