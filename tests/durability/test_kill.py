"""What was acknowledged is there after kill -9, of the server, what it started, or PostgreSQL.

A killed process loses what it had not handed to the system; only a machine that loses its power
would show more, and against that stand ``synchronous=FULL`` and PostgreSQL's own ``fsync``.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from tests.durability.crew import Crew
from tests.durability.server import ServerProcess
from tests.private_postgres import PrivatePostgres

SEED = int(os.environ.get("CALLKEEPER_SEED", "20251123"))
KILLS = {"sqlite": 50, "postgres": 20}
CRASHES = 3


@pytest.mark.timeout(900)  # fifty starts, on a machine that may have much else to do
def test_acknowledged_writes_survive_kill_9_of_the_server(
    engine: str, database: str | None, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    begun = monotonic()
    chance = Random(SEED)  # noqa: S311 - reproducible on purpose
    writers = workers = 0
    with ServerProcess(tmp_path, database) as server:
        crew = Crew(server, SEED, tireless=True)
        for _ in range(KILLS[engine]):
            server.workers = chance.choice([1, 1, 2])
            server.start()
            crew.settle_and_check()
            crew.begin()
            crew.await_acknowledged(chance.randint(1, 200))
            if chance.random() < 0.5:
                server.kill_writer()
                crew.await_acknowledged(chance.randint(1, 50))  # the server gets itself another
                writers += 1
            if server.workers > 1 and chance.random() < 0.5:
                os.kill(chance.choice(server.worker_pids), signal.SIGKILL)
                crew.await_acknowledged(chance.randint(1, 50))  # by the others, or the next
                workers += 1
            server.kill(also_children=chance.random() < 0.5)
            crew.end()
        server.start()
        crew.settle_and_check()
        acknowledged, found = crew.check_all()
    assert found >= acknowledged
    tell(
        f"{engine}, seed {SEED}: {KILLS[engine]} kills of a server of up to two workers, "
        f"{writers} of the writer that they share, {workers} of a worker alone; "
        f"{acknowledged} acknowledged, all found; "
        f"{found - acknowledged} more were stored but not answered, "
        f"{crew.settled} creates repeated; {monotonic() - begun:.0f} s",
    )


def test_acknowledged_writes_survive_a_crash_of_postgresql(
    own_postgres: PrivatePostgres, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    begun = monotonic()
    chance = Random(SEED)  # noqa: S311 - reproducible on purpose
    with ServerProcess(tmp_path, own_postgres.new_database()) as server:
        server.start()
        crew = Crew(server, SEED)
        for _ in range(CRASHES):
            crew.begin()
            crew.await_acknowledged(chance.randint(50, 300))
            own_postgres.stop("immediate")
            crew.await_failed(5)
            own_postgres.start()
            crew.await_acknowledged(20)  # the same server, without a restart
            crew.end()
            crew.settle_and_check()
        acknowledged, found = crew.check_all()
    assert found >= acknowledged
    tell(
        f"postgres itself, seed {SEED}: {CRASHES} crashes, {acknowledged} acknowledged, all found; "
        f"{crew.failed} answered as failed; {monotonic() - begun:.0f} s",
    )
