"""Ready is what can write: not on a full disk, nor where the database is only to be read."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from callkeeper.clock import monotonic
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.checks import Check
from callkeeper.usecases.readiness import FRESH_SECONDS
from tests.durability.server import ServerProcess
from tests.house import House
from tests.private_postgres import PrivatePostgres, Standby
from tests.store.orders import Opener
from tests.test_doctor import bad, check_up, settled
from tests.waiting import until

# A root may write what nobody may; this one may not.
BOUND = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
WHOLE_FOLDER = [DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", ""]

COULD_NOT = "the database could not do its work (DiskFull); try again"
NO_ROOM = """
CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER no_room BEFORE INSERT ON event EXECUTE FUNCTION no_room();
"""


def ready(house: House) -> tuple[int, str]:
    answer = house.http.get(f"{house.url}/readyz")
    return answer.status_code, answer.text


def said_by(server: ServerProcess) -> str:
    return httpx2.get(f"http://127.0.0.1:{server.port}/readyz").text


def file_result(house: House, appoint_id: str) -> str:
    answer = house.post("updateResult", {"appointId": appoint_id, "failCode": "00000"})
    return str(answer.json()["resultCode"])


def read_only(database: str, setting: str) -> None:
    """Have the whole server of a database read-only by default, or no more."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("SET default_transaction_read_only = off")
        owner.execute(f"ALTER SYSTEM SET default_transaction_read_only = {setting}".encode())
        owner.execute("SELECT pg_reload_conf()")


@contextmanager
def not_to_be_written(folder: Path, names: list[str]) -> Iterator[None]:
    there = [folder / name for name in names]
    modes = [each.stat().st_mode for each in there]
    for each in there:
        each.chmod(0o500 if each.is_dir() else 0o400)
    try:
        yield
    finally:
        for each, mode in zip(reversed(there), reversed(modes), strict=True):
            each.chmod(mode)


def test_a_flood_that_asks_costs_one_write_a_second(
    any_house: House, tmp_path: Path, database: str | None
) -> None:
    begun = monotonic()
    with ThreadPoolExecutor(20) as threads:
        while monotonic() - begun < 2.5 * FRESH_SECONDS:
            assert {code for code, _ in threads.map(ready, [any_house] * 100)} == {200}
    took = monotonic() - begun
    with Opener(tmp_path / "data", database) as opener:
        ((rows, writes),) = opener.look("SELECT count(*), sum(writes) FROM probe")
    assert rows == 1
    assert 2 <= writes <= took / FRESH_SECONDS + 1


@pytest.mark.parametrize("names", [WHOLE_FOLDER, [DATABASE_FILE]], ids=["folder", "file"])
def test_sqlite_that_may_only_be_read_is_not_ready_until_it_may_be_written(
    tmp_path: Path, names: list[str]
) -> None:
    with ServerProcess(tmp_path, None, before=BOUND) as server:
        server.start()
        with not_to_be_written(tmp_path / "data", names):
            server.kill_writer()  # what it has open would still be written
            until(lambda: server.readiness() == 503 and "readonly" in said_by(server))
        until(lambda: server.readiness() == 200)


def test_postgresql_that_is_set_read_only_is_not_ready_until_it_is_set_back(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    database = own_postgres.new_database()
    with House(tmp_path, database=database) as house:
        appoint_id = house.reserve()
        read_only(database, "on")
        until(lambda: ready(house) == (503, "not ready: the database takes no writes; try again\n"))
        assert len(house.listed()) == 1
        assert file_result(house, appoint_id) == "0200006"
        read_only(database, "off")
        until(lambda: ready(house)[0] == 200)
        assert file_result(house, appoint_id) == "0200000"


def test_a_standby_is_not_ready_until_it_is_promoted(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    with Standby(own_postgres) as standby:
        database = own_postgres.new_database()
        either = standby.both(database).partition("&target_session_attrs")[0]
        with House(tmp_path, database=either) as house:
            appoint_id = house.reserve()
            own_postgres.wait_for(standby.name)
            assert file_result(house, appoint_id) == "0200000"
            own_postgres.stop()
            until(lambda: "takes no writes" in ready(house)[1])
            assert len(house.listed()) == 1
            standby.promote()
            until(lambda: ready(house)[0] == 200)
        own_postgres.start()


def test_a_write_that_failed_counts_though_the_probe_succeeds(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    """As where the files of PostgreSQL cannot grow: what is changed in its place is stored."""
    database = postgres.new_database()
    with House(tmp_path, database=database) as house:
        appoint_id = house.reserve()
        assert ready(house)[0] == 200
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(NO_ROOM)
            assert file_result(house, appoint_id) == "0200006"
            until(lambda: ready(house) == (503, f"not ready: {COULD_NOT}\n"))
            owner.execute("DROP TRIGGER no_room ON event")
        assert file_result(house, appoint_id) == "0200000"
        until(lambda: ready(house)[0] == 200)


def test_a_write_that_failed_does_not_count_for_ever(
    postgres: PrivatePostgres, tmp_path: Path
) -> None:
    database = postgres.new_database()
    with House(tmp_path, database=database) as house:
        appoint_id = house.reserve()
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(NO_ROOM)
            assert file_result(house, appoint_id) == "0200006"
            until(lambda: ready(house)[0] == 503)
            owner.execute("DROP TRIGGER no_room ON event")
        until(lambda: ready(house)[0] == 200)


def test_the_check_up_finds_a_full_disk(tmp_path: Path) -> None:
    with House(tmp_path / "data") as house:  # a server has its files open already
        house.reserve()
        assert re.search(
            r"writing: the database refused to work \(disk I/O error\)",
            found_by_doctor(house.settings, "prlimit", "--fsize=1"),
        )


def test_the_check_up_finds_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    settings = settled(tmp_path)
    with not_to_be_written(settings.data_dir, [DATABASE_FILE]):
        assert re.search(r"writing: .*readonly", found_by_doctor(settings, *BOUND))


def found_by_doctor(settings: Settings, *before: str) -> str:
    command = [sys.executable, "-m", "callkeeper", "doctor", "--data-dir", str(settings.data_dir)]
    ended = subprocess.run(
        [*before, *command], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1, ended
    return ended.stdout


def test_the_check_up_finds_a_postgresql_that_is_read_only(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    settings = settled(tmp_path, own_postgres.new_database())
    read_only(str(settings.database), "on")
    assert bad(settings) == {"writing"}
    assert "it is read-only: a standby" in check_up(settings)["writing"].says
    read_only(str(settings.database), "off")
    assert bad(settings) == set()


def test_the_check_up_writes_what_readiness_writes(tmp_path: Path, database: str | None) -> None:
    settings = settled(tmp_path, database)
    assert check_up(settings)["writing"] == Check("writing", good=True, says="a write succeeds")
    with Opener(settings.data_dir, database) as opener:
        assert opener.look("SELECT id, writes FROM probe") == [(1, 1)]


def test_probes_of_several_servers_neither_wait_nor_fail(
    tmp_path: Path, postgres: PrivatePostgres
) -> None:
    """One that finds the row held goes on: whoever holds it proves that it can be written."""
    with Opener(tmp_path, postgres.new_database()) as opener:
        one, other = opener.open().store, opener.open().store
        one.migrate()
        with one.transaction():
            one.write_probes([None])
            with ThreadPoolExecutor(1) as thread:
                thread.submit(probe, other).result(5)
        assert opener.look("SELECT writes FROM probe") == [(1,)]


def probe(store: SqlStore) -> None:
    with store.transaction():
        store.write_probes([None, None])
