"""Secrets sealed as of old: they open as long as 0.1 does, and a start says that there are some."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.durability.server import ServerProcess, send
from tests.private_postgres import PrivatePostgres
from tests.test_cli import run
from tests.test_doctor import seal_as_of_old
from tests.waiting import until


def check_until_migrated(tmp_path: Path, server: ServerProcess, *where: str) -> None:
    def is_served() -> bool:
        with closing(server.connect()) as connection:
            asked = server.sign("list", {"offset": 0, "limit": 10})
            return bool(send(connection, asked)["resultCode"] == "0200000")

    seal_as_of_old(server.store, tmp_path / "data", server.key.secret)
    server.start()
    assert is_served()
    until(lambda: "old_seals_found" in server.log)
    (line,) = [each for each in server.log.splitlines() if "old_seals_found" in each]
    assert '"keys":1' in line
    assert "run `callkeeper migrate`" in line
    server.end()
    assert run("migrate", "--data-dir", str(tmp_path / "data"), *where).status == 0
    server.start()
    assert is_served()
    server.end()
    assert server.log.count("old_seals_found") == 1


def test_a_start_says_how_many_there_are_until_they_are_sealed_again(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, None) as server:
        check_until_migrated(tmp_path, server)


@pytest.mark.parametrize("workers", [1, 2])
def test_it_is_said_once_however_many_workers_serve(
    tmp_path: Path, postgres: PrivatePostgres, workers: int
) -> None:
    database = postgres.new_database()
    with ServerProcess(tmp_path, database, f"--workers={workers}") as server:
        check_until_migrated(tmp_path, server, "--database", database)
