"""PostgreSQL made highly available, and restored: nothing acknowledged is lost."""

import subprocess
import sys
from pathlib import Path

from tests.durability.crew import Crew, check
from tests.durability.server import ServerProcess
from tests.private_postgres import PrivatePostgres, Standby

SEED = 20251125


def test_nothing_acknowledged_is_lost_when_a_standby_takes_over(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    database = own_postgres.new_database()
    with Standby(own_postgres) as standby:
        own_postgres.wait_for(standby.name)
        with ServerProcess(tmp_path, standby.both(database)) as server:
            server.start()
            crew = Crew(server, SEED)
            crew.begin()
            crew.await_acknowledged(100)
            own_postgres.stop("immediate")
            crew.await_failed(5)
            standby.promote()
            crew.await_acknowledged(100)  # the same server, without a restart
            crew.end()
            crew.settle_and_check()
            acknowledged, found = crew.check_all()
        own_postgres.start()  # for the fixture to stop
    assert found >= acknowledged


def test_a_dump_taken_under_load_restores_to_a_working_server(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    database = own_postgres.new_database()
    with ServerProcess(tmp_path, database) as server:
        server.start()
        earlier, during, later = (Crew(server, SEED, 2, first=n) for n in (1, 3, 5))
        earlier.begin()
        earlier.await_acknowledged(100)
        earlier.end()
        during.begin()
        during.await_acknowledged(20)
        dump = own_postgres.dump(database)
        during.await_acknowledged(20)
        during.end()
        server.kill()
        server.move(own_postgres.restore(dump))
        server.start()
        assert check(server.store, (each for each in earlier.promises if each.id)) > 0
        assert _doctor(tmp_path, server.database).returncode == 0
        later.begin()
        later.await_acknowledged(50)
        later.end()


def _doctor(home: Path, database: str) -> "subprocess.CompletedProcess[str]":
    where = ["--data-dir", str(home / "data"), "--database", database, "--port", "0"]
    return subprocess.run(
        [sys.executable, "-m", "callkeeper", "doctor", *where],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
