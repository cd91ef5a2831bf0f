"""A volley: jobs to be fired at their instants. Each is fired by a program of its own.

A program of a volley is started with it as JSON, prepares it, waits for its instant, fires, and
prints what came of it as JSON. Lateness is noted by all in the same way: in memory, on the clock,
at the moment at which the job itself begins.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psycopg

from bench import processes

_SECONDS_MAX = 600
_UNPREPARED = 3  # exit code


class UnpreparedError(Exception):
    """The instant came before everything was ready: give it more time beforehand."""


class Volley(msgspec.Struct, frozen=True, kw_only=True):
    """So many jobs, all due at one instant, or so many a second from then on.

    ``database`` is that of a PostgreSQL, empty; without one it is SQLite, in the folder. ``form``
    tells the programs apart that one file holds; ``ari_url`` is of an Asterisk to call through.
    """

    count: int
    due_at: int
    folder: str
    per_second: int = 0
    database: str | None = None
    ari_url: str | None = None
    form: str = ""

    def due(self, number: int) -> int:
        """Return the instant of one job, counted from 0."""
        return self.due_at + (number * 1000 // self.per_second if self.per_second else 0)

    def check_prepared(self, now: int) -> None:
        """End this program if the instant came before everything was ready."""
        if now >= self.due_at:
            os._exit(_UNPREPARED)  # threads of a scheduler may be firing already


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a volley; from its instant to the last job's being done and on record.

    The CPU time is that of the program with all that it started, and of PostgreSQL's processes.
    """

    late_ms: list[int]
    done_ms: int
    cpu_seconds: float
    database_cpu_seconds: float

    @property
    def per_second(self) -> float:
        """How many were fired a second, until the last one."""
        return len(self.late_ms) * 1000 / max(1, *self.late_ms)

    def percentile(self, nth: float) -> int:
        """Return the lateness, in ms, that so many of a hundred did not exceed."""
        ordered = sorted(self.late_ms)
        return ordered[max(0, -int(-len(ordered) * nth // 100) - 1)]


def fire(program: str, volley: Volley) -> Fired:
    """Have a program fire a volley. RuntimeError if it did not fire each job once.

    UnpreparedError when its instant came too soon.
    """
    folder = Path(volley.folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    command = [sys.executable, "-m", f"bench.{program}", msgspec.json.encode(volley).decode()]
    with log.open("wb") as out:
        ran = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=out, timeout=_SECONDS_MAX, check=False
        )
    if ran.returncode == _UNPREPARED:
        raise UnpreparedError(program)
    if ran.returncode:
        raise RuntimeError(f"{program} failed: {log.read_text('utf-8', 'replace')[-2000:]}")
    fired = msgspec.json.decode(ran.stdout.splitlines()[-1], type=Fired)
    if len(fired.late_ms) != volley.count:
        raise RuntimeError(f"{program} fired {len(fired.late_ms)} of {volley.count}")
    return fired


def ordered() -> Volley:
    """Return the volley that this program is to fire."""
    return msgspec.json.decode(sys.argv[1], type=Volley)


class CpuMeter:
    """What CPU time this program and all that it started use, and its PostgreSQL.

    It is made beforehand, for it asks PostgreSQL which processes are its own.
    """

    def __init__(self, volley: Volley) -> None:
        self._postmaster: int | None = None
        if volley.database is not None:
            with psycopg.connect(volley.database) as connection:
                self._postmaster = processes.parent(connection.info.backend_pid)
        self._before = (0.0, 0.0)

    def begin(self) -> None:
        """Count from now on."""
        self._before = self._now()

    def used(self) -> list[float]:
        """Return the seconds that the program has used, and those that PostgreSQL has."""
        return [now - before for now, before in zip(self._now(), self._before, strict=True)]

    def _now(self) -> tuple[float, float]:
        database = processes.cpu_seconds(self._postmaster) if self._postmaster else 0.0
        return processes.cpu_seconds(os.getpid()), database


def tell(late_ms: Sequence[int], done_ms: int, used: Sequence[float]) -> None:
    """Tell whoever started this program what came of its volley; ``used`` is its meter's."""
    own, database = (round(each, 2) for each in used)
    fired = Fired(
        late_ms=list(late_ms), done_ms=done_ms, cpu_seconds=own, database_cpu_seconds=database
    )
    print(msgspec.json.encode(fired).decode())
