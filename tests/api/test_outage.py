"""The database goes away under a running server, and comes back: 0200006 in between, no restart."""

import re
import resource
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psycopg
import pytest

from callkeeper.clock import HandClock, SystemClock
from callkeeper.core.reservations.changes import Result
from callkeeper.installation.backup import back_up
from callkeeper.installation.database import DATABASE_FILE, open_session
from callkeeper.settings import Settings
from tests.durability.crew import Crew
from tests.durability.server import ServerProcess, send
from tests.house import HOUR, TASK, VDN, House
from tests.private_postgres import PrivatePostgres
from tests.store.orders import Opened, Opener, booked, booking, has_campaign
from tests.waiting import until

DONE = (200, "0200000")
FAILED = (200, "0200006")
KEY_FORGOTTEN_MS = 3_000  # longer than a key is remembered
LOCK = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
file.execute("COMMIT")
"""


def requests(house: House, appoint_id: str) -> dict[str, dict[str, Any]]:
    """Return a request to each of the five interfaces that is right while the database is."""
    return {
        "create": {
            "callType": 1,
            "calledNo": "66660002",
            "userAccount": "ann",
            "taskId": TASK,
            "appointTime": house.now() + HOUR,
        },
        "update": {"appointId": appoint_id, "remark": "later"},
        "updateResult": {"appointId": appoint_id, "failCode": "00000"},
        "delete": {"appointId": appoint_id},
        "list": {"offset": 0, "limit": 10},
    }


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["resultCode"]


def ready(house: House) -> int:
    return house.http.get(f"{house.url}/readyz").status_code


def readiness(house: House) -> str:
    return house.http.get(f"{house.url}/readyz").text


def filing(appoint_id: str) -> dict[str, Any]:
    return {"appointId": appoint_id, "failCode": "00000"}


def history(house: House, appoint_id: str) -> list[str]:
    return [event.what for event in house.store.history.of(VDN, appoint_id)]


@contextmanager
def locked_by_another_process(file: Path) -> Iterator[None]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", LOCK, str(file)], stdin=pipe, stdout=pipe, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        try:
            assert other.stdout.readline() == "locked\n"
            yield
        finally:
            other.stdin.write("enough\n")
            other.stdin.close()
            assert other.wait(20) == 0


def test_without_postgresql_every_interface_answers_that_the_database_failed(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    clock = HandClock(SystemClock().now())
    with House(tmp_path, database=own_postgres.new_database(), clock=clock) as house:
        appoint_id = house.reserve()
        assert ready(house) == 200
        own_postgres.stop()
        for _ in range(2):  # with the key still remembered, and then without
            for name, body in requests(house, appoint_id).items():
                answer = house.post(name, body)
                assert code(answer) == FAILED, name
                assert not re.search(r"Traceback|psycopg|host=|/", answer.json()["resultDesc"])
            clock.move(KEY_FORGOTTEN_MS)
        until(lambda: ready(house) == 503)
        assert house.http.get(f"{house.url}/healthz").status_code == 200
        own_postgres.start()
        until(lambda: ready(house) == 200)
        assert history(house, appoint_id) == ["reserved"]
        answers = {
            name: code(house.post(name, body)) for name, body in requests(house, appoint_id).items()
        }
        # The reservation is closed by the result before it is to be deleted.
        assert answers == dict.fromkeys(answers, DONE) | {"delete": (200, "04000005")}
        assert len(house.listed()) == 2


def test_while_writes_stand_still_it_is_not_ready_and_what_nobody_waits_for_is_not_written(
    tmp_path: Path,
) -> None:
    with House(tmp_path, busy_seconds=60) as house:
        stays, goes = house.reserve(), house.reserve()
        with ThreadPoolExecutor() as threads:
            with locked_by_another_process(tmp_path / DATABASE_FILE):
                first = threads.submit(house.post, "updateResult", filing(stays))
                until(lambda: "writes have waited" in readiness(house))
                with pytest.raises(httpx2.ReadTimeout):
                    house.post("updateResult", filing(goes), timeout=0.3)
            assert code(first.result()) == DONE
        house.reserve()  # comes behind all of it
        until(lambda: ready(house) == 200)
        assert history(house, stays) == ["reserved", "result"]
        assert history(house, goes) == ["reserved"]


def test_a_restart_of_postgresql_between_two_requests_is_not_noticed(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    with House(tmp_path, database=own_postgres.new_database()) as house:
        appoint_id = house.reserve()
        house.listed()
        own_postgres.stop()
        own_postgres.start()
        for name, body in requests(house, appoint_id).items():
            assert code(house.post(name, body)) in (DONE, (200, "04000005")), name


def test_nothing_is_acknowledged_that_is_not_stored_when_postgresql_stops_in_mid_flight(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    with House(tmp_path, database=own_postgres.new_database()) as house:
        ids = [house.reserve(calledNo=str(1000 + n)) for n in range(4)]
        called_off = threading.Event()
        seen: Counter[tuple[int, str]] = Counter()

        def file(appoint_id: str) -> list[str]:
            acknowledged = []
            turn = 0
            while not called_off.is_set():
                turn += 1
                body = {"appointId": appoint_id, "callId": f"c-{turn}"}
                how = code(house.post("updateResult", body))
                if how == DONE:
                    acknowledged.append(f"c-{turn}")
                seen[how] += 1
            return acknowledged

        with ThreadPoolExecutor(4) as threads:
            filing = [threads.submit(file, each) for each in ids]
            try:
                for mode in ("fast", "immediate"):
                    passes(filing, seen, DONE, 40)
                    own_postgres.stop(mode)
                    passes(filing, seen, FAILED, 20)
                    own_postgres.start()
                passes(filing, seen, DONE, 40)
            finally:
                called_off.set()
        assert set(seen) == {DONE, FAILED}
        for appoint_id, acknowledged in zip(ids, filing, strict=True):
            check_filed(house, appoint_id, acknowledged.result())


def passes(filing: list[Future[list[str]]], seen: Counter[Any], how: Any, more: int) -> None:
    """Wait until so many more answers were of a kind; a client that broke ends the wait."""
    goal = seen[how] + more
    until(lambda: seen[how] >= goal or any(each.done() for each in filing))


def check_filed(house: House, appoint_id: str, acknowledged: list[str]) -> None:
    """Every acknowledged result is in the history once, in order; what else is there was sent."""
    events = house.store.history.of(VDN, appoint_id)[1:]
    found = [msgspec.json.decode(each.detail, type=Result).call_id for each in events]
    assert [each for each in found if each in set(acknowledged)] == acknowledged
    assert len(set(found)) == len(found)
    (standing,) = house.store.reservations.with_id(appoint_id)
    assert standing.call_id == found[-1]
    assert standing.version == 1 + len(found)


def test_a_sqlite_file_locked_for_too_long_is_told_and_then_works_again(tmp_path: Path) -> None:
    with House(tmp_path, busy_seconds=0.2) as house:
        appoint_id = house.reserve()
        with locked_by_another_process(tmp_path / DATABASE_FILE):
            for name, body in requests(house, appoint_id).items():
                assert code(house.post(name, body)) == (DONE if name == "list" else FAILED), name
            until(lambda: ready(house) == 503)
            assert "database is locked" in house.http.get(f"{house.url}/readyz").text
        assert history(house, appoint_id) == ["reserved"]
        assert code(house.post("updateResult", {"appointId": appoint_id, "failCode": "1"})) == DONE
        assert history(house, appoint_id) == ["reserved", "result"]


def test_a_sqlite_file_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with House(tmp_path, busy_seconds=20) as house, ThreadPoolExecutor(1) as thread:
        appoint_id = house.reserve()
        with locked_by_another_process(tmp_path / DATABASE_FILE):
            body = {"appointId": appoint_id, "failCode": "1"}
            waiting = thread.submit(house.post, "updateResult", body)
            assert len(house.listed()) == 1  # while it waits, the server answers others
            assert not waiting.done()
        assert code(waiting.result(30)) == DONE


DATABASE_FILES = [f"{DATABASE_FILE}{kind}" for kind in ("", "-wal", "-shm")]


def remove(folder: Path) -> None:
    for name in DATABASE_FILES:
        (folder / name).unlink()


def replace_by_a_copy(folder: Path) -> None:
    back_up(Settings(data_dir=folder), folder / "copy")
    remove(folder)
    (folder / "copy" / DATABASE_FILE).rename(folder / DATABASE_FILE)


def put_a_new_one_there(folder: Path) -> None:
    remove(folder)
    now = SystemClock().now()
    with closing(open_session(Settings(data_dir=folder))) as session:
        session.migrate()
        has_campaign(session, VDN, int(TASK), begin_at=now, end_at=now + 1000 * HOUR)


LOSSES: dict[str, Callable[[Path], object]] = {
    "removed": remove,
    "replaced": replace_by_a_copy,
    "new": put_a_new_one_there,
    "database": lambda folder: (folder / DATABASE_FILE).unlink(),
    "log ahead": lambda folder: (folder / f"{DATABASE_FILE}-wal").unlink(),
    "shared memory": lambda folder: (folder / f"{DATABASE_FILE}-shm").unlink(),
    "folder moved": lambda folder: folder.rename(folder.with_name("elsewhere")),
}
however_lost = pytest.mark.parametrize("befall", LOSSES.values(), ids=LOSSES)


@however_lost
def test_a_result_is_not_written_into_files_that_are_gone(
    befall: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    with House(folder) as house:
        appoint_id = house.reserve()
        befall(folder)
        left = {each: each.stat().st_size for each in folder.glob(f"{DATABASE_FILE}*")}
        for _ in range(2):
            answer = house.post("updateResult", filing(appoint_id))
            assert code(answer) == FAILED
            assert "was removed or replaced while the server runs" in answer.json()["resultDesc"]
        until(lambda: ready(house) == 503)
        assert "restart the server" in readiness(house)
        # None is made, and in one that has taken its place nothing is written.
        assert {each: each.stat().st_size for each in folder.glob(f"{DATABASE_FILE}*")} == left


@pytest.mark.parametrize("befall", [replace_by_a_copy, put_a_new_one_there])
def test_a_writer_that_replaces_another_writes_into_the_servers_file_or_into_none(
    befall: Callable[[Path], object], tmp_path: Path
) -> None:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        with closing(server.connect()) as connection:
            wish = {"callType": 1, "calledNo": "1", "userAccount": "anna", "taskId": TASK}
            create = server.sign("create", wish | {"appointTime": server.clock.now() + HOUR})
            assert send(connection, create)["resultCode"] == "0200000"
            befall(tmp_path / "data")
            kept = (tmp_path / "data" / DATABASE_FILE).read_bytes()
            server.kill_writer()
            for _ in range(3):  # the first may be lost with the one that was killed
                told = send(connection, create)
                assert told["resultCode"] == "0200006", told
        until(lambda: server.readiness() == 503)
        assert "was removed or replaced while the server runs" in told["resultDesc"]
        assert (tmp_path / "data" / DATABASE_FILE).read_bytes() == kept


def test_files_that_are_gone_are_logged_once_and_the_same_put_back_serve_again(
    tmp_path: Path,
) -> None:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        data, away = tmp_path / "data", tmp_path / "away"
        data.rename(away)
        until(lambda: server.readiness() == 503)
        server.kill_writer()
        until(lambda: '"event":"writer_lost"' in server.log)
        until(lambda: server.readiness() == 503)
        assert not data.exists()
        away.rename(data)
        until(lambda: server.readiness() == 200)
        assert server.log.count('"event":"database_lost"') == 1
        assert server.log.count('"event":"database_recovered"') == 1


def test_a_full_disk_stores_nothing_by_half_and_room_mends_it(tmp_path: Path) -> None:
    """The room is taken away, and given back, by a limit on the size of the server's files."""
    with ServerProcess(tmp_path, None) as server:
        server.start()
        crew = Crew(server, seed=6)
        crew.begin()
        crew.await_acknowledged(50)
        _, most = resource.prlimit(server.writer_pid, resource.RLIMIT_FSIZE)
        log_ahead = tmp_path / "data" / f"{DATABASE_FILE}-wal"
        no_more = log_ahead.stat().st_size + 100_000
        resource.prlimit(server.writer_pid, resource.RLIMIT_FSIZE, (no_more, most))
        crew.await_failed(30)
        until(lambda: server.readiness() == 503)
        resource.prlimit(server.writer_pid, resource.RLIMIT_FSIZE, (most, most))
        crew.await_acknowledged(50)
        until(lambda: server.readiness() == 200)
        crew.end()
        crew.settle_and_check()
        acknowledged, found = crew.check_all()
        assert found == acknowledged  # what was answered as failed is not there
        with closing(sqlite3.connect(tmp_path / "data" / DATABASE_FILE)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_of_postgres_refuses_what_needs_room_and_room_mends_it(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    """The same; its log ahead has files of 16 MiB, and what is to grow is made larger than them."""
    database = own_postgres.new_database()
    with ServerProcess(tmp_path, database) as server, Opener(tmp_path, database) as opener:
        fill(opener.open(), database, rows=9_000)
        server.start()
        crew = Crew(server, seed=8)
        crew.begin()
        crew.await_acknowledged(50)
        own_postgres.limit_files(own_postgres.largest_file(database))
        crew.await_failed(30)
        until(lambda: server.readiness() == 503)
        own_postgres.limit_files(None)
        crew.await_acknowledged(50)
        until(lambda: server.readiness() == 200)
        crew.end()
        crew.settle_and_check()
        acknowledged, found = crew.check_all()
        assert found == acknowledged


def fill(opened: Opened, database: str, rows: int) -> None:
    """Store reservations of another VDN, of nearly 2 kB each, and leave no room between them."""
    has_campaign(opened.session, VDN + 1)
    for first in range(0, rows, 1000):
        numbers = range(first, first + 1000)
        booked(opened.store, *(booking(n, vdn=VDN + 1, remark="x" * 1700) for n in numbers))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM FULL reservation")
