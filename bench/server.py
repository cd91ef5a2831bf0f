"""A server under measurement: a process of its own, from its start until it is ready and ended."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

from bench import processes
from bench.engine import Engine, address, is_postgres
from callkeeper.clock import monotonic
from callkeeper.settings import Settings
from callkeeper.usecases.keys import OpenKey

OURS = "callkeeper"
EXPERT = "expert"
EXPERT_SINGLY = "expert, one by one"  # a commit for each request
TOGETHER_MAX = 256
EMPTY = "empty handler"
WAYS = ("threads", "loop")  # of bench/usual.py
_READY_SECONDS = 60
_POLL_SECONDS = 0.01
_END_SECONDS = 30


class Program(NamedTuple):
    """How to start a server, all but its port; ``database`` is what it writes to."""

    name: str
    command: Sequence[str]
    database: str | None = None
    console_port: int | None = None  # where its pages are, if it is not the same


class Server(NamedTuple):
    """A running server, the engine below it, how long it took to be ready, where its pages are."""

    name: str
    url: str
    pid: int
    engine: Engine
    database: str | None
    ready_seconds: float
    console: str

    @property
    def is_ours(self) -> bool:
        """Whether it is Callkeeper, in whatever form."""
        return self.name.startswith(OURS)

    @property
    def is_careful(self) -> bool:
        """Whether it knows a request that was sent before, and fails none."""
        return self.name.startswith((OURS, EXPERT))


def of_processes(name: str, processes: int) -> str:
    """Return the name of a server in the form that has so many processes."""
    return name if processes == 1 else f"{name}, {processes} workers"


def processes_of(name: str) -> int:
    """Return how many processes serve in the form of that name."""
    words = name.rpartition(", ")[2].split()
    return int(words[0]) if words[-1] == "workers" else 1


def ours(settings: Settings, *options: str, name: str = OURS) -> Program:
    """Return `callkeeper serve` over an installation."""
    command = [sys.executable, "-m", "callkeeper", "serve", "--data-dir", str(settings.data_dir)]
    command += ["--database", settings.database] if settings.database else []
    return Program(name, [*command, *options, "--port"], address(settings))


def ours_apart(settings: Settings) -> Program:
    """Return the same with a process for its pages."""
    port = _free_port()
    return ours(settings, "--console-port", str(port))._replace(console_port=port)


def usual(database: str, way: str) -> Program:
    """Return the usual way of writing it, over a database."""
    url = database.replace("postgresql:", "postgresql+psycopg:")
    url = url if is_postgres(database) else f"sqlite:///{database}"
    return Program(f"usual, {way}", [sys.executable, "-m", "bench.usual", url, way], database)


def expert(database: str, key: OpenKey, processes: int, together: int = TOGETHER_MAX) -> Program:
    """Return what an expert would write by hand, over a database, for the holder of a key.

    ``together`` is how many requests it commits at once, at the most, on SQLite.
    """
    name = of_processes(EXPERT, processes) if together > 1 else EXPERT_SINGLY
    command = [sys.executable, "-m", "bench.expert", database, key.ak, key.secret]
    return Program(name, [*command, str(processes), str(together)], database)


def empty(processes: int = 1) -> Program:
    """Return the server whose handler does nothing."""
    command = [sys.executable, "-m", "bench.empty", str(processes)]
    return Program(of_processes(EMPTY, processes), command)


@contextmanager
def running(program: Program, engine: Engine, folder: Path) -> Iterator[Server]:
    """Run a server on a free port until the end; RuntimeError, with its log, if it fails to."""
    log = folder / f"{program.name}.log"
    port = _free_port()
    begun = monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*program.command, str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/readyz", process, log)
        took = monotonic() - begun
        console = url
        if program.console_port is not None:
            console = f"http://127.0.0.1:{program.console_port}"
            _wait_for(f"{console}/healthz", process, log)
        yield Server(program.name, url, process.pid, engine, program.database, took, console)
    finally:
        process.terminate()
        process.wait(_END_SECONDS)


def resident_mb(server: Server) -> float:
    """Return the memory of a server's processes, in MB."""
    return processes.resident_mb(server.pid)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    never = Event()
    deadline = monotonic() + _READY_SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own, on loopback
                return
        except (urllib.error.URLError, TimeoutError):
            never.wait(_POLL_SECONDS)
    raise RuntimeError(f"{url} did not come up: {log.read_text('utf-8', 'replace')[-2000:]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
