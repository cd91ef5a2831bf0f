"""A server in a process of its own, that can be killed and started again on the same database."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import IO, Any, Self

from callkeeper import signing
from callkeeper.clock import SystemClock
from callkeeper.installation.database import open_seal, open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import OpenKey, issue
from tests.ports import free_port
from tests.processes import Process, children, kill, told
from tests.signed import Signed, sign
from tests.store.orders import HOUR, has_campaign
from tests.waiting import until
from tests.warm import start_warm

VDN = 25
TASK = "1106025109"


class Served:
    """A VDN of an installation that is served at a port, and a second look at its database."""

    def __init__(self, home: Path, database: str | None, port: int, vdn: int = VDN) -> None:
        self.clock = SystemClock()
        self.vdn = vdn
        settings = Settings(data_dir=home / "data", database=database)
        session = open_session(settings)
        self.store = SqlStore(session)
        self.store.migrate()
        now = self.clock.now()
        has_campaign(session, vdn, int(TASK), begin_at=now, end_at=now + 1000 * HOUR)
        self._seal = open_seal(settings)
        self.key: OpenKey = self.issue()
        self.port = port

    def issue(self) -> OpenKey:
        """Return a new key of the same VDN."""
        return issue(self.store, self._seal, self.clock, self.vdn)

    def connect(self) -> HTTPConnection:
        """Return a connection, not yet opened."""
        return HTTPConnection("127.0.0.1", self.port, timeout=30)

    def sign(self, interface: str, fields: dict[str, Any], key: OpenKey | None = None) -> Signed:
        """Return a request to one of the five interfaces, signed now, with a key or its first."""
        return sign(
            key or self.key,
            f"127.0.0.1:{self.port}",
            f"/rest/isales/v1/openapi/campaigns/{self.vdn}/appoint/{interface}",
            json.dumps(fields, ensure_ascii=False).encode(),
            at=signing.timestamp(self.clock.now()),
        )


class ServerProcess(Served):
    """``callkeeper serve`` on a port of its own. ``workers``: how many the next start has."""

    workers = 1

    def __init__(
        self, home: Path, database: str | None, *flags: str, before: Sequence[str] = ()
    ) -> None:
        """``before``: the command that runs it."""
        self._home = home
        self._before = before
        self._flags = ["--data-dir", str(home / "data"), "--tls", "off", *flags]
        if database is not None:
            self._flags += ["--database", database]
        super().__init__(home, database, free_port())
        self._process: Process | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()
        self.store.close()

    @property
    def pid(self) -> int:
        """The process, which must be running."""
        assert self._process is not None
        return self._process.pid

    @property
    def writer_pid(self) -> int:
        """The process that writes for it, and for its workers if it has any."""
        while not (found := self._children("writer_process")):
            sleep(0.01)  # another one is begun
        return found[0]

    @property
    def worker_pids(self) -> list[int]:
        """Its workers, where it has several."""
        return self._children("callkeeper.processes.workers")

    @property
    def data_dir(self) -> Path:
        """Where its data is."""
        return self._home / "data"

    @property
    def log(self) -> str:
        """What it has said until now."""
        return (self._home / "log").read_text("utf-8")

    @property
    def database(self) -> str:
        """The URL of what it serves, which is no SQLite."""
        return self._flags[self._flags.index("--database") + 1]

    def move(self, database: str) -> None:
        """Serve another database from the next start on."""
        self.store.close()
        self._flags[self._flags.index("--database") + 1] = database
        self.store = SqlStore(open_session(Settings(database=database)))

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        arguments = ["serve", *self._flags, "--port", str(self.port)]
        if self.workers > 1:
            arguments.append(f"--workers={self.workers}")
        log = self._home / "log"
        begun = log.stat().st_size if log.exists() else 0
        with log.open("ab") as out:
            self._process = self._run(arguments, out)
        until(lambda: self.readiness() == 200)
        if any(each.startswith("--workers=") for each in arguments):
            until(lambda: " serves http" in self._said_since(begun))  # all of them, and not one

    def _said_since(self, begun: int) -> str:
        with (self._home / "log").open("rb") as log:
            log.seek(begun)
            return log.read().decode()

    def _run(self, arguments: Sequence[str], log: IO[bytes]) -> Process:
        if not self._before:
            return start_warm(arguments, self._home, log)
        return subprocess.Popen(
            [*self._before, sys.executable, "-m", "callkeeper", *arguments],
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def end(self) -> int:
        """End it as ``kill`` does, and return its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(30)
        self._process = None
        return status

    def kill(self, *, also_children: bool = True) -> None:
        """Kill it as ``kill -9`` does, or only what was started; return when all is gone."""
        if self._process is not None:
            kill(self._process, also_children=also_children)
            self._process = None

    def kill_writer(self) -> None:
        """Kill the process that writes for it, as ``kill -9`` does."""
        os.kill(self.writer_pid, signal.SIGKILL)

    def _children(self, kind: str) -> list[int]:
        return [each for each in children(self.pid) if kind in told(each, "cmdline")]

    def readiness(self) -> int | None:
        """Return what /readyz answers; None while nobody listens."""
        assert self._process is not None
        assert self._process.poll() is None, (self._home / "log").read_text()[-2000:]
        connection = self.connect()
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()


def send(connection: HTTPConnection, signed: Signed) -> dict[str, Any]:
    """Send a request and return its answer; OSError or HTTPException when there is none."""
    connection.request(signed.method, signed.path, signed.body, signed.headers)
    response = connection.getresponse()
    raw = response.read()
    assert response.status == 200, raw
    answer: dict[str, Any] = json.loads(raw)
    return answer
