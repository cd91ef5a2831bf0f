"""What the benchmark runs on: databases with the same rows, and a server over each."""

import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

import psycopg

from callkeeper.clock import Clock
from callkeeper.core.reservation import Booking, Wish, id_for, request_digest
from callkeeper.installation import DATABASE_FILE, open_seal, open_session
from callkeeper.keyring import OpenKey, issue
from callkeeper.settings import Settings
from callkeeper.store.sql import SqlStore
from tests.private_postgres import PrivatePostgres

VDN = 25
WAYS = ("threads", "loop")  # of bench/usual.py
CAMPAIGN = 1
_DAY_MS = 86_400_000
_BATCH = 500
_READY_SECONDS = 30


class Server(NamedTuple):
    """A running server, and the address of its database."""

    name: str
    url: str
    pid: int
    database: str


class Stage(NamedTuple):
    """All servers on one engine, ours first, and what is needed to ask them."""

    servers: list[Server]
    key: OpenKey
    ids: list[str]
    version: str


@contextmanager
def stage(engine: str, folder: Path, count: int, clock: Clock) -> Iterator[Stage]:
    """Run every server over ``count`` reservations of its own; end them at the end."""
    if engine == "sqlite":
        with _stage(None, folder, count, clock, sqlite3.sqlite_version) as running:
            yield running
        return
    with PrivatePostgres() as postgres:
        url = postgres.new_database()
        with psycopg.connect(url) as connection:
            reported = connection.info.parameter_status("server_version") or ""
            version = reported.partition(" ")[0]
        with _stage(url, folder, count, clock, version) as running:
            yield running


@contextmanager
def _stage(
    database: str | None, folder: Path, count: int, clock: Clock, version: str
) -> Iterator[Stage]:
    data_dir = folder / "data"
    settings = Settings(data_dir=data_dir, database=database)
    store = SqlStore(open_session(settings))
    store.migrate()
    key = issue(store, open_seal(settings), clock, VDN)
    add_campaign(settings, clock)
    ids = _book(store, count, clock)
    store.close()
    own = database or str(data_dir / DATABASE_FILE)
    copies = {way: _copy(own, way) for way in WAYS}
    port = _free_port()
    ours = [str(Path(sys.executable).with_name("callkeeper")), "serve"]
    ours += ["--data-dir", str(data_dir), "--port", str(port)]
    ours += ["--database", database] if database else []
    with ExitStack() as running:
        servers = [running.enter_context(_running("callkeeper", ours, port, folder, own))]
        for way, copy in copies.items():
            port = _free_port()
            usual = [sys.executable, "-m", "bench.usual", _for_sqlalchemy(copy), str(port), way]
            name = f"usual, {way}"
            servers.append(running.enter_context(_running(name, usual, port, folder, copy)))
        yield Stage(servers, key, ids, version)


def stored(database: str) -> int:
    """Return how many results a database holds: each made a new version of its reservation."""
    question = "SELECT SUM(version - 1) FROM reservation"
    if database.startswith("postgresql:"):
        with psycopg.connect(database) as connection:
            row = connection.execute(question).fetchone()
    else:
        lite = sqlite3.connect(database)
        row = lite.execute(question).fetchone()
        lite.close()
    return int(row[0]) if row else 0


@contextmanager
def _running(
    name: str, command: list[str], port: int, folder: Path, database: str
) -> Iterator[Server]:
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/readyz", process, log)
        yield Server(name, url, process.pid, database)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    never = Event()
    for _ in range(_READY_SECONDS * 10):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own, on loopback
                return
        except urllib.error.URLError:
            never.wait(0.1)
    raise RuntimeError(f"{url} did not come up: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _copy(database: str, name: str) -> str:
    """Copy a database that nobody uses, and return where the copy is."""
    if not database.startswith("postgresql:"):
        return str(shutil.copy(database, Path(database).with_name(f"{name}.db")))
    original = database.partition(":///")[2].partition("?")[0]
    elsewhere = database.replace(f"/{original}?", "/postgres?")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {original}".encode())
    return database.replace(f"/{original}?", f"/{name}?")


def _for_sqlalchemy(database: str) -> str:
    if database.startswith("postgresql:"):
        return database.replace("postgresql:", "postgresql+psycopg:")
    return f"sqlite:///{database}"


def _book(store: SqlStore, count: int, clock: Clock) -> list[str]:
    now = clock.now()
    bookings = []
    for number in range(count):
        digest = request_digest("benchmark", str(number))
        wish = Wish(
            kind="manual",
            called_no=f"{66_660_000 + number}",
            campaign_id=str(CAMPAIGN),
            appoint_at=now + _DAY_MS + number * 1000,
            agent=f"agent{number % 100}",
        )
        id_ = id_for(now, digest)
        bookings.append(Booking(VDN, id_, wish, digest.hex(), "benchmark", now, 0))
    for begin in range(0, count, _BATCH):
        with store.transaction():
            store.add_reservations(bookings[begin : begin + _BATCH])
    return [booking.id for booking in bookings]


def add_campaign(settings: Settings, clock: Clock) -> None:
    """Put a started campaign, open all day, into a database that has none."""
    now = clock.now()
    session = open_session(settings)
    with session.transaction():
        session.rows(
            "add_campaign",
            vdn=VDN,
            id=CAMPAIGN,
            version=1,
            name="benchmark",
            description=None,
            status="started",
            begin_at=now,
            end_at=now + 365 * _DAY_MS,
            device_type=3,
            caller_numbers='[{"number":"10086","priority":1}]',
            alerting_seconds_max=20,
            workday_windows='[{"begin":0,"end":1440}]',
            special_day_windows="[]",
            terms="{}",
            made_at=now,
            changed_at=now,
            deleted_at=None,
            goes_to=None,
            practice="{}",
        )
    session.close()
