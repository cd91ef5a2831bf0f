"""Dispatchers killed at random moments over real calls, and the books of the far end compared.

``python -m tests.pbx.killing --calls 2000 --kills 200`` is the full size; a test runs a small one.
"""

import argparse
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

from callkeeper.clock import SystemClock
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import open_session
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from tests.asterisks import ASTERISKS, MACHINES, Asterisk
from tests.far_end import FarEnd
from tests.far_end_scenario import ANSWERS_BRIEFLY
from tests.pbx.dial_process import DialProcess
from tests.ports import free_port
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres
from tests.store.orders import HOUR, booked, booking, has_campaign
from tests.waiting import until

LEAD = 300_000
ENDS_SECONDS = 120  # the longest that the last calls, and finding out about them, may take
COURSES = (ANSWERS_BRIEFLY, ANSWERS_BRIEFLY, ANSWERS_BRIEFLY, "486", "603", "404", "503")
CODES = {ANSWERS_BRIEFLY: "00000", "486": "00537", "603": "00604", "404": "00538", "503": "00605"}
UNKNOWN = "34608"


class Tally(NamedTuple):
    """What came of it, by the far end's books and by ours."""

    calls: int
    kills: int
    lost: list[str]  # neither with a result nor rung
    rung_twice: list[str]
    wrong: list[str]  # with a result that is not what the far end did
    unknown_rung: int
    unknown_not_rung: int
    seconds: float


class Scene:
    """A database with calls that fall due one after another, two dispatchers, and the far end."""

    def __init__(self, store: SqlStore, dialers: Sequence[DialProcess], far_end: FarEnd) -> None:
        self.store = store
        self.dialers = dialers
        self.far_end = far_end
        self._rung_before: Counter[str] = Counter()

    def play(self, calls: int, kills: int, chance: Random, seconds: float) -> Tally:
        """Kill dispatchers while calls fall due, wait until all have ended, and count."""
        begun = monotonic()
        self._rung_before = self.far_end.rung()
        reservations = self._book(calls, seconds)
        pause = threading.Event()
        for _ in range(kills):
            pause.wait(chance.uniform(0.5, 1.5) * seconds / kills)
            victim = chance.choice(self.dialers)
            victim.check()
            victim.kill()
            victim.start()
        until(lambda: self._have_ended(reservations), seconds + ENDS_SECONDS)
        return self._count(reservations, kills, monotonic() - begun)

    def _book(self, calls: int, seconds: float) -> list[Reservation]:
        now = SystemClock().now()
        gap = seconds * 1000 / calls
        return booked(
            self.store,
            *(
                booking(
                    number,
                    kind="automatic",
                    called_no=f"139{number:06d}{COURSES[number % len(COURSES)]}",
                    at=now,
                    appoint_at=now + LEAD + int(number * gap),
                )
                for number in range(calls)
            ),
        )

    def _have_ended(self, reservations: list[Reservation]) -> bool:
        threading.Event().wait(0.5)
        return all(each.state == "done" for each in self._standing(reservations))

    def _standing(self, reservations: list[Reservation]) -> Iterator[Reservation]:
        for each in reservations:
            yield self.store.reservations.with_id(each.id)[0]

    def _count(self, reservations: list[Reservation], kills: int, seconds: float) -> Tally:
        rung = self.far_end.rung() - self._rung_before
        lost, wrong = [], []
        unknown: Counter[bool] = Counter()
        for each in self._standing(reservations):
            if each.fail_code == UNKNOWN:
                unknown[rung[each.called_no] > 0] += 1
            elif each.state != "done" or rung[each.called_no] == 0:
                lost.append(f"{each.id} {each.state} {each.fail_code}")
            elif each.fail_code != CODES[each.called_no[-3:]]:
                wrong.append(f"{each.id} {each.called_no} {each.fail_code}")
        ours = {each.called_no for each in reservations}
        twice = [f"{no} {count}" for no, count in rung.items() if no in ours and count > 1]
        return Tally(
            calls=len(reservations),
            kills=kills,
            lost=lost,
            rung_twice=twice,
            wrong=wrong,
            unknown_rung=unknown[True],
            unknown_not_rung=unknown[False],
            seconds=round(seconds, 1),
        )


@contextmanager
def scene(home: Path, database: str, asterisk: PrivateAsterisk, far_end: FarEnd) -> Iterator[Scene]:
    """Set the scene on an empty PostgreSQL database."""
    session = open_session(Settings(data_dir=home, database=database))
    store = SqlStore(session)
    store.migrate()
    now = SystemClock().now()
    has_campaign(session, 1, begin_at=now - HOUR, end_at=now + 1000 * HOUR)
    with ExitStack() as stack:
        dialers = [
            stack.enter_context(DialProcess(home / name, database, asterisk))
            for name in ("ann", "ben")
        ]
        yield Scene(store, dialers, far_end)
    store.close()


def _kind(version: str | None) -> Asterisk:
    return next((each for each in ASTERISKS if each.version == version), MACHINES)


def main() -> None:
    """Play the full size and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=500, help="over how long they fall due")
    parser.add_argument("--asterisk", choices=[each.version for each in ASTERISKS])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with ExitStack() as stack:
        postgres = stack.enter_context(PrivatePostgres())
        far_end = stack.enter_context(FarEnd(free_port()))
        asterisk = stack.enter_context(PrivateAsterisk(far_end.port, _kind(given.asterisk)))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callkeeper-kill-")))
        played = stack.enter_context(scene(home, postgres.new_database(), asterisk, far_end))
        tally = played.play(given.calls, given.kills, Random(given.seed), given.seconds)  # noqa: S311 - a seed is the point
    for name, value in tally._asdict().items():
        print(f"{name:17} {value}")  # noqa: T201 - its report
    if tally.lost or tally.rung_twice or tally.wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
