"""``serve --workers``: processes that share one port, none of them missed, none left behind."""

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from callkeeper.processes.metrics_folder import metrics_folder
from tests.durability.server import ServerProcess, send
from tests.house import HOUR, TASK
from tests.private_postgres import PrivatePostgres
from tests.processes import are_gone, children
from tests.waiting import until

COUNT = 2


@pytest.fixture
def server(tmp_path: Path, postgres: PrivatePostgres) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, postgres.new_database(), f"--workers={COUNT}") as server:
        server.start()
        until(lambda: " serves http" in server.log)  # all of them, and not only the first
        yield server


def reserve(server: ServerProcess, number: int) -> str:
    """Reserve over a connection of its own, which any of the workers may get."""
    connection = server.connect()
    body = {
        "callType": 1,
        "calledNo": f"{66_660_000 + number}",
        "userAccount": "anna",
        "taskId": TASK,
        "appointTime": server.clock.now() + HOUR,
    }
    answer = send(connection, server.sign("create", body))
    connection.close()
    assert answer["resultCode"] == "0200000", answer
    return str(answer["returnObject"]["appointId"])


def counted(server: ServerProcess) -> int:
    """Return how many creates all workers say they have answered."""
    connection = server.connect()
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(r'callkeeper_requests_total\{.*interface="create".*\} ([\d.]+)', text)
    return int(sum(map(float, found)))


def serving(server: ServerProcess) -> list[int]:
    """Return the workers that have begun: each has a process that writes for it."""
    return [pid for pid in children(server.pid) if children(pid)]


def test_all_of_them_serve_and_their_metrics_are_together(server: ServerProcess) -> None:
    ids = {reserve(server, number) for number in range(40)}
    assert len(ids) == 40
    assert len(serving(server)) == COUNT
    assert counted(server) == 40
    until(lambda: server.log.count('"interface":"create"') == 40)  # logs follow a little behind


def test_one_that_is_killed_is_replaced_and_what_it_counted_stays(server: ServerProcess) -> None:
    for number in range(20):
        reserve(server, number)
    first, *others = serving(server)
    writes_for_it = children(first)
    os.kill(first, signal.SIGKILL)
    until(lambda: first not in (now := serving(server)) and len(now) == COUNT)
    assert set(others) < set(serving(server))
    until(lambda: are_gone(writes_for_it))
    until(lambda: '"event":"worker_lost"' in server.log)
    reserve(server, 20)
    assert counted(server) == 21


def is_replaced(server: ServerProcess, killed: int) -> bool:
    now = serving(server)
    return killed not in now and len(now) == COUNT


def folder_of_metrics(server: ServerProcess) -> Path:
    told = Path(f"/proc/{serving(server)[0]}/environ").read_bytes().split(b"\0")
    (folder,) = [each for each in told if each.startswith(b"PROMETHEUS_MULTIPROC_DIR=")]
    return Path(os.fsdecode(folder.partition(b"=")[2]))


def test_however_often_one_is_killed_no_file_is_left_and_no_counter_falls(
    server: ServerProcess,
) -> None:
    folder = folder_of_metrics(server)
    at_first: set[Path] = set()
    number = 0
    for _ in range(4):
        for _ in range(10):
            reserve(server, number)
            number += 1
        assert counted(server) == number
        at_first = at_first or set(folder.iterdir())
        assert set(folder.iterdir()) == at_first
        first, *_ = serving(server)
        os.kill(first, signal.SIGKILL)
        until(partial(is_replaced, server, first))
    assert counted(server) == number
    assert set(folder.iterdir()) == at_first


def test_the_metrics_of_one_that_was_killed_are_swept_by_the_next(server: ServerProcess) -> None:
    folder = folder_of_metrics(server)
    server.kill()
    assert any(folder.iterdir())
    server.start()
    assert not folder.exists()
    until(lambda: len(serving(server)) == COUNT)
    anew = folder_of_metrics(server)
    assert server.end() == 0
    assert not anew.exists()


def test_the_metrics_of_one_that_runs_and_what_is_not_ours_are_left_alone(tmp_path: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    (tmp_path / "callkeeper-metrics-link").symlink_to(others)
    (tmp_path / "callkeeper-metrics-file").write_text("no folder")
    with metrics_folder(tmp_path) as first, metrics_folder(tmp_path) as second:
        assert first != second
        assert first.is_dir()
        assert second.is_dir()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "callkeeper-metrics-file",
        "callkeeper-metrics-link",
        "others",
    ]


def test_one_that_cannot_be_replaced_just_now_is_replaced_later(server: ServerProcess) -> None:
    first, *_ = serving(server)
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, hard))  # not one file more
    os.kill(first, signal.SIGKILL)
    until(lambda: '"event":"worker_not_started"' in server.log)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
    until(lambda: len(serving(server)) == COUNT)


def test_told_to_stop_all_of_them_stop(server: ServerProcess) -> None:
    reserve(server, 1)
    everybody = [each for pid in serving(server) for each in (pid, *children(pid))]
    assert server.end() == 0
    assert are_gone(everybody)
    assert "Traceback" not in server.log


def test_when_the_one_that_started_them_is_killed_they_end_too(server: ServerProcess) -> None:
    everybody = [each for pid in serving(server) for each in (pid, *children(pid))]
    server.kill(also_children=False)
    until(lambda: are_gone(everybody))


def serve(tmp_path: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "callkeeper", "serve", "--workers=2", "--tls=off", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_on_sqlite_there_is_one(tmp_path: Path) -> None:
    ended = serve(tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == (
        "callkeeper: workers: more than 1 need PostgreSQL, as SQLite has one writer\n"
    )


def test_an_address_that_is_taken_is_refused(tmp_path: Path, postgres: PrivatePostgres) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = serve(tmp_path, f"--port={port}", f"--database={postgres.new_database()}")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"callkeeper: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    )


def test_a_reason_that_keeps_each_of_them_from_beginning_is_said_once(tmp_path: Path) -> None:
    ended = serve(tmp_path, "--database=postgresql://127.0.0.1:1/nothing")
    assert ended.returncode == 3
    assert ended.stderr.count("callkeeper: ") == 1
    assert "The database cannot be reached" in ended.stderr
