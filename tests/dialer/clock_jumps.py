"""Clocks of running dispatchers set back and ahead by libfaketime, and the books compared.

``python -m tests.dialer.clock_jumps`` prints the table of all; a test plays the most dangerous one.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple

from callkeeper.clock import SystemClock
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from tests.private_postgres import PrivatePostgres
from tests.processes import LoggedProcess, Process, kill
from tests.store.orders import HOUR, booked, booking, has_campaign
from tests.waiting import until

LEAD = 300_000
DAY = 24 * HOUR
SURE_SECONDS = 31  # after so long a dispatcher believes its clock
END_SECONDS = 120
_LIBRARIES = "*/faketime/libfaketimeMT.so.1"


class Case(NamedTuple):
    """A clock is set by so many seconds, in one dispatcher; for so long, or (None) for good."""

    name: str
    by: int
    lasts: float | None = None
    has_database: bool = False  # PostgreSQL, with a clock of its own
    is_one_of_two: bool = False


CASES = (
    Case("-10 min", -600),
    Case("-2 h", -7200),
    Case("+2 h for 3 s", 7200, 3),
    Case("-2 h for 3 s", -7200, 3),
    Case("-10 min, PostgreSQL", -600, has_database=True),
    Case("+2 h, PostgreSQL", 7200, has_database=True),
    Case("+90 s in one of two, killed, PostgreSQL", 90, has_database=True, is_one_of_two=True),
)


class Tally(NamedTuple):
    """What came of it."""

    promises: int
    lost: list[str]  # not done, given up, or rung before their time
    rung_twice: list[str]
    goes_on_seconds: float  # from the leap, or the kill, until all were dialed that were due then


def library() -> Path:
    """Return libfaketime; FileNotFoundError when there is none."""
    found = sorted(Path("/usr/lib").glob(_LIBRARIES))
    if not found:
        raise FileNotFoundError("there is no libfaketime; apt-get install faketime")
    return found[0]


class Dispatcher(LoggedProcess):
    """``callkeeper dial`` in a process of its own, whose clock can be set while it runs."""

    def __init__(self, home: Path, settings: Settings) -> None:
        super().__init__(home)
        self._clock = home / "clock"
        self.set_clock(0)
        database = f"{settings.database}" if settings.database else None
        where = ["--database", database] if database else ["--data-dir", str(settings.data_dir)]
        self._command = [sys.executable, "-m", "callkeeper", "dial", "--line", "rehearsal", *where]
        self._environment = dict(os.environ) | {
            "LD_PRELOAD": str(library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set_clock(self, ahead_seconds: int) -> None:
        """Set its clock, from now on, so far ahead of the right one."""
        new = self._clock.with_suffix(".new")
        new.write_text(f"{ahead_seconds:+d}\n", "ascii")
        new.replace(self._clock)  # it is read all the time

    def kill(self) -> None:
        """Kill it, and what it has started."""
        if self._process is not None:
            kill(self._process)
            self._process = None

    def _run(self, log: IO[bytes]) -> Process:
        return subprocess.Popen(
            self._command,
            cwd=self._home,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


class Scene:
    """An empty database, and whoever dials from it."""

    def __init__(self, home: Path, database: str | None, names: Sequence[str]) -> None:
        settings = Settings(data_dir=home / "data", database=database)
        session = open_session(settings)
        self.store = SqlStore(session)
        self.store.migrate()
        now = SystemClock().now()
        has_campaign(session, 1, begin_at=now - 10 * DAY, end_at=now + 1000 * HOUR)
        self.dispatchers = [Dispatcher(home / name, settings) for name in names]
        self._booked = 0

    def book(self, count: int, due_at: int, gap_ms: int = 0) -> list[Reservation]:
        """Book calls that are due from an instant on, as at that instant or now."""
        first = self._booked + 1
        self._booked += count
        return booked(
            self.store,
            *(
                booking(
                    number,
                    kind="automatic",
                    called_no="66660001",
                    at=min(due_at, SystemClock().now()),
                    appoint_at=due_at + LEAD + (number - first) * gap_ms,
                )
                for number in range(first, first + count)
            ),
        )

    def are_rung(self, reservations: list[Reservation]) -> bool:
        """Whether all were dialed."""
        threading.Event().wait(0.1)
        return all(self.rung(each) for each in reservations)

    def are_done(self, reservations: list[Reservation]) -> bool:
        """Whether all have ended."""
        threading.Event().wait(0.3)
        return all(self.standing(each).state in ("done", "expired") for each in reservations)

    def rung(self, reservation: Reservation) -> int:
        """Return how often it was dialed."""
        attempts = self.store.attempts.of(1, reservation.id)
        return sum(each.placing_at is not None for each in attempts if each.outcome != "withdrawn")

    def standing(self, reservation: Reservation) -> Reservation:
        """Return a reservation as it is now."""
        return self.store.reservations.with_id(reservation.id)[0]

    def tally(
        self,
        due: list[Reservation],
        later: list[Reservation],
        seconds: float,
        *also: tuple[str, str],
    ) -> Tally:
        """Compare the books with what was promised; ``also`` is how else it may have ended."""
        lost = [
            f"{each.id} {each.state} {each.fail_code} {each.verdict}"
            for each in map(self.standing, due)
            if (each.state, each.fail_code) not in (("done", "00000"), *also)
        ]
        lost += [
            f"{each.id} is not due, and is {self.standing(each).state}"
            for each in later
            if self.rung(each) or self.standing(each).state != "waiting"
        ]
        twice = [each.id for each in (*due, *later) if self.rung(each) > 1]
        return Tally(len(due) + len(later), lost, twice, round(seconds, 1))


@contextmanager
def scene(home: Path, database: str | None, *names: str) -> Iterator[Scene]:
    """Set the scene, and end all in the end."""
    played = Scene(home, database, names)
    with ExitStack() as stack:
        stack.callback(played.store.close)
        for each in played.dispatchers:
            stack.enter_context(each)
        until(lambda: len(played.store.leases.all()) == len(names), 60)
        yield played


def leap_in_mid_call(played: Scene, case: Case, sure_seconds: float) -> Tally:
    """Set the clock while calls go on, and promise more by what it shows then."""
    threading.Event().wait(sure_seconds)
    (dora,), clock = played.dispatchers, SystemClock()
    later = played.book(10, clock.now() + 40 * 60_000)
    before = played.book(10, clock.now())
    until(lambda: played.are_rung(before))
    dora.set_clock(case.by)
    leapt = monotonic()
    is_shown = case.lasts is None and not case.has_database
    after = played.book(10, clock.now() + (case.by * 1000 if is_shown else 0))
    if case.lasts is not None:
        threading.Event().wait(case.lasts)
        dora.set_clock(0)
    until(lambda: played.are_rung(after), END_SECONDS)
    seconds = monotonic() - leapt
    until(lambda: played.are_done([*before, *after]), END_SECONDS)
    # Long enough for a new time to be believed, if it is to be.
    threading.Event().wait(max(0.0, leapt + sure_seconds + 3 - monotonic()))
    assert "clock_jumped" in dora.log(), dora.log()
    return played.tally([*before, *after], later, seconds)


def kill_one_of_two(played: Scene, case: Case) -> Tally:
    """Let one whose clock is ahead dial beside another, and kill it in the middle."""
    _, fast = played.dispatchers
    fast.set_clock(case.by)
    threading.Event().wait(SURE_SECONDS)
    due = played.book(200, SystemClock().now(), gap_ms=40)
    until(lambda: played.are_rung(due[:60]), END_SECONDS)
    fast.kill()
    killed = monotonic()
    until(lambda: played.are_rung(due), END_SECONDS)
    seconds = monotonic() - killed
    until(lambda: played.are_done(due), END_SECONDS)
    # The rehearsal line's calls end with their dispatcher, and nobody tells how.
    return played.tally(due, [], seconds, ("done", "34608"))


def play(case: Case, home: Path, database: str | None, sure_seconds: float) -> Tally:
    """Play a case on an empty database."""
    names = ("dora", "fast") if case.is_one_of_two else ("dora",)
    with scene(home, database, *names) as played:
        if case.is_one_of_two:
            return kill_one_of_two(played, case)
        return leap_in_mid_call(played, case, sure_seconds)


def main() -> int:
    """Play all cases, print the table, and return 1 if a promise was lost or rung twice."""
    failures: list[str] = []
    _say("| clock | promises | lost | rung twice | seconds until dialing goes on |\n")
    _say("|---|---|---|---|---|\n")
    with PrivatePostgres() as postgres, tempfile.TemporaryDirectory() as folder:
        for place, case in enumerate(CASES):
            database = postgres.new_database() if case.has_database else None
            home = Path(folder) / str(place)
            home.mkdir()
            tally = play(case, home, database, SURE_SECONDS)
            failures += [*tally.lost, *tally.rung_twice]
            counts = f"{tally.promises} | {len(tally.lost)} | {len(tally.rung_twice)}"
            _say(f"| {case.name} | {counts} | {tally.goes_on_seconds} |\n")
    _say("".join(f"failed: {each}\n" for each in failures))
    return 1 if failures else 0


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
