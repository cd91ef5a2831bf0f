"""Whatever one of several machines suffers, what was acknowledged is there, and dialed once."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from callkeeper.settings import Settings
from tests.conftest import leave_out
from tests.durability.crew import Crew
from tests.far_end import FarEnd
from tests.fleet.calls import Calls
from tests.fleet.fleet import BALANCER, DISPATCHERS, SERVERS, Fleet
from tests.private_asterisk import PrivateAsterisk
from tests.private_postgres import PrivatePostgres

SEED = int(os.environ.get("CALLKEEPER_SEED", "20251125"))
ROUNDS = int(os.environ.get("CALLKEEPER_ROUNDS", "1"))
CALLS = 10  # automatic ones, about each trouble
WORK = 50  # requests acknowledged, before and after it
RECOVERS_SECONDS = 15


@pytest.fixture(autouse=True)
def _haproxy() -> None:
    if not Path("/usr/sbin/haproxy").exists():
        leave_out("there is no haproxy; apt-get install haproxy")


def test_nothing_acknowledged_is_lost_and_nothing_dialed_twice_whatever_is_killed(
    own_postgres: PrivatePostgres,
    one_asterisk: PrivateAsterisk,
    far_end: FarEnd,
    tmp_path: Path,
    tell: Callable[[str], None],
) -> None:
    database = own_postgres.new_database()
    settings = Settings(data_dir=tmp_path / "data", database=database)
    recovered: dict[str, list[float]] = {}
    about_to_ask: set[str] = set()  # at most these were, when a dispatcher was killed
    chance = Random(SEED)  # noqa: S311 - reproducible on purpose
    with (
        Fleet(tmp_path, database, one_asterisk) as fleet,
        closing(Calls(fleet, settings, far_end)) as calls,
    ):
        crew = Crew(fleet, SEED, tireless=True)
        crew.begin()
        for _ in range(ROUNDS):
            for name in (*SERVERS, *DISPATCHERS, BALANCER):
                _begin_trouble(crew, calls)
                begun = monotonic()
                if name in DISPATCHERS:
                    about_to_ask |= calls.unsettled()
                fleet.kill(name, also_children=chance.random() < 0.5)
                if name != BALANCER:
                    crew.await_acknowledged(WORK)  # without it
                fleet.start(name)
                _end_trouble(crew, calls)
                recovered.setdefault(name, []).append(max(0.0, crew.last_trouble - begun))
            for how in ("fast", "immediate"):
                _begin_trouble(crew, calls)
                own_postgres.stop(how)
                crew.await_failed(5)
                begun = monotonic()
                own_postgres.start()
                _end_trouble(crew, calls)
                recovered.setdefault(f"PostgreSQL, {how}", []).append(crew.last_trouble - begun)
        crew.end()
        crew.settle_and_check()
        acknowledged, found = crew.check_all()
        calls.settle()
        tally = calls.count()
    assert found >= acknowledged
    assert not tally.lost
    assert not tally.rung_twice
    # A dispatcher that is killed between the record and its asking leaves those of which nobody
    # knows. Whatever else is killed leaves none.
    assert set(tally.unknown) <= about_to_ask
    assert max(crew.longest, *(max(each) for each in recovered.values())) < RECOVERS_SECONDS
    words = ", ".join(f"{name} {max(each):.2f} s" for name, each in recovered.items())
    tell(
        f"fleet, seed {SEED}, {ROUNDS} rounds: {acknowledged} acknowledged, all found; "
        f"{crew.failed} answered as failed, {crew.broken} connections broke; "
        f"{tally.calls} calls, none rung twice, {len(tally.unknown)} not rung and unknown; "
        f"until the last trouble: {words}; the longest request {crew.longest:.2f} s"
    )


def _begin_trouble(crew: Crew, calls: Calls) -> None:
    crew.await_acknowledged(WORK)
    calls.reserve(CALLS)


def _end_trouble(crew: Crew, calls: Calls) -> None:
    calls.reserve(CALLS)
    crew.await_acknowledged(WORK)
