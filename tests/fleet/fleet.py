"""Three servers behind HAProxy as the documents have it, and two dispatchers, on one PostgreSQL."""

import subprocess
from contextlib import ExitStack
from http.client import NOT_FOUND, HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.durability.server import Served
from tests.fleet.balancer import configuration
from tests.pbx.dial_process import DialProcess
from tests.ports import free_port
from tests.private_asterisk import PrivateAsterisk
from tests.processes import Process, kill
from tests.waiting import until
from tests.warm import start_warm

SERVERS = ("one", "two", "three")
DISPATCHERS = ("dora", "dave")
BALANCER = "haproxy"


class Fleet(Served):
    """All of them. One that is killed is gone as after ``kill -9``, and can be started again."""

    def __init__(self, home: Path, database: str, asterisk: PrivateAsterisk) -> None:
        super().__init__(home, database, free_port())
        self._home = home
        self._flags = ["--data-dir", str(home / "data"), "--database", database, "--tls", "off"]
        self._ports = {name: free_port() for name in SERVERS}
        self._internal = {name: free_port() for name in SERVERS}
        self._dialers = {name: DialProcess(home / name, database, asterisk) for name in DISPATCHERS}
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        with ExitStack() as failing:
            failing.callback(self._end)
            for name in (*SERVERS, *DISPATCHERS, BALANCER):
                self.start(name)
            failing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        for name in [*self._processes, *self._dialers]:
            self.kill(name)
        self.store.close()

    def start(self, name: str) -> None:
        """Start a process, and wait until it works."""
        if name in self._dialers:
            self._begin(self._dialers[name])
            return
        if name == BALANCER:
            self._balance()
            return
        options = ["serve", "--no-dialer", "--port", str(self._ports[name]), *self._flags]
        internal = str(self._internal[name])
        with self._log(name) as log:
            self._processes[name] = start_warm(
                options, self._home, log, CALLKEEPER_INTERNAL_PORT=internal
            )
        until(lambda: status(self._internal[name], "/readyz") == 200)

    def kill(self, name: str, *, also_children: bool = True) -> None:
        """Kill a process, and what it started or only itself; nothing of it runs any more then."""
        if name in self._dialers:
            self._dialers[name].kill()
        else:
            kill(self._processes.pop(name), also_children=also_children)

    def _begin(self, dialer: DialProcess) -> None:
        """Start a dispatcher. One that finds no database when it begins ends, as a server does."""
        before = len(dialer.log())
        dialer.start()
        until(lambda: "dialer_started" in dialer.log()[before:])

    def _balance(self) -> None:
        """Run HAProxy with the documents' configuration, but for the addresses."""
        ports = [(self._ports[name], self._internal[name]) for name in SERVERS]
        file = self._home / "haproxy.cfg"
        file.write_text(configuration(self.port, ports, "Several machines"), "utf-8")
        command = ["/usr/sbin/haproxy", "-db", "-f", str(file)]
        with self._log(BALANCER) as log:
            self._processes[BALANCER] = subprocess.Popen(
                command, cwd=self._home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(lambda: status(self.port, "/") == NOT_FOUND)

    def _log(self, name: str) -> IO[bytes]:
        return (self._home / f"{name}.log").open("ab")


def status(port: int, path: str) -> int | None:
    """Return the status of a GET; None while nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
