"""What a person waits for at a terminal: `python -m bench.terminal`.

A table of 10,000 reservations, which a server gives in pages of 100: until its first row is there,
and in all; and `--help`, which is typed more often than anything.
"""

import os
import pty
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from bench import mass
from bench.engine import engine
from bench.mass import VDNS
from bench.processes import ended_children_cpu_seconds
from bench.server import ours, running
from callkeeper.clock import SystemClock, monotonic
from callkeeper.installation.database import open_seal, open_session
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.keys import issue

_ROWS = 10_000
_ROUNDS = 3
_COLUMNS = "80"


class Waited(NamedTuple):
    """How long a command took, in seconds, and how many lines it wrote."""

    first: float
    all: float
    cpu: float
    lines: int


def main() -> int:
    """Measure, and print a row for each round; the last one counts, with files in memory."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="callkeeper-bench-") as name, engine("sqlite") as on:
        settings = on.new(Path(name))
        mass.fill(settings, _ROWS * VDNS, clock)
        store = SqlStore(open_session(settings))
        key = issue(store, open_seal(settings), clock, 1)
        store.close()
        with running(ours(settings, "--no-dialer"), on, Path(name)) as server:
            known = {"URL": server.url, "AK": key.ak, "SK": key.secret, "VDN": "1"}
            given = {f"CALLKEEPER_{word}": value for word, value in known.items()}
            for command in (["--help"], ["list", "--all"]):
                for _ in range(_ROUNDS):
                    print(" ".join(command), _waited(command, given))
    return 0


def _waited(command: list[str], given: Mapping[str, str]) -> Waited:
    ours_, its = pty.openpty()
    environment = {**os.environ, **given, "COLUMNS": _COLUMNS, "TERM": "xterm"}
    cpu, begun = ended_children_cpu_seconds(), monotonic()
    program = [sys.executable, "-m", "callkeeper", *command]
    with subprocess.Popen(program, stdout=its, stderr=its, env=environment) as process:
        os.close(its)
        shown, first = b"", 0.0
        with suppress(OSError):  # Linux says so where the other end was closed
            while read := os.read(ours_, 65536):
                first = first or monotonic() - begun
                shown += read
        process.wait()
    os.close(ours_)
    took = monotonic() - begun
    return Waited(first, took, ended_children_cpu_seconds() - cpu, shown.count(b"\n"))


if __name__ == "__main__":
    sys.exit(main())
