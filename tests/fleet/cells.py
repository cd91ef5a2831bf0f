"""Two cells behind HAProxy as the documents have it: each a server, on a database of its own."""

import subprocess
from contextlib import ExitStack
from http.client import NOT_FOUND
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.durability.server import Served
from tests.fleet.balancer import configuration
from tests.fleet.fleet import status
from tests.ports import free_port
from tests.processes import Process, kill
from tests.waiting import until
from tests.warm import start_warm


class Cell(Served):
    """A server on its own database, and what commands say of where it is."""

    def __init__(self, home: Path, database: str | None) -> None:
        super().__init__(home, database, free_port())
        self.home = home
        self.internal = free_port()
        self.where = ["--data-dir", str(home / "data")]
        if database is not None:
            self.where += ["--database", database]
        self._process: Process | None = None

    def start(self) -> None:
        """Start it, and wait until it works."""
        options = ["serve", "--no-dialer", "--port", str(self.port), "--tls", "off", *self.where]
        internal = str(self.internal)
        with (self.home / "log").open("ab") as log:
            self._process = start_warm(options, self.home, log, CALLKEEPER_INTERNAL_PORT=internal)
        until(lambda: status(self.internal, "/readyz") == 200)

    def end(self) -> None:
        """Kill it, and close what looks at its database."""
        if self._process is not None:
            kill(self._process)
        self.store.close()


class Cells:
    """The cells, and HAProxy before them; ``port`` is its own."""

    def __init__(self, home: Path, north: Cell, south: Cell) -> None:
        self.port = free_port()
        self._home = home
        self._cells = (north, south)
        self._ended = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as failing:
            for cell in self._cells:
                failing.callback(cell.end)
                cell.start()
            ports = [(cell.port, cell.internal) for cell in self._cells]
            file = self._home / "cells.cfg"
            file.write_text(configuration(self.port, ports, "Cells"), "utf-8")
            balancer = subprocess.Popen(
                ["/usr/sbin/haproxy", "-db", "-f", str(file)], stdin=subprocess.DEVNULL
            )
            failing.callback(kill, balancer)
            until(lambda: status(self.port, "/") == NOT_FOUND)
            self._ended = failing.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ended.close()
