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
from typing import Any

import pytest

from callkeeper.processes.metrics_folder import metrics_folder
from tests.durability.server import VDN, ServerProcess, send
from tests.house import HOUR, TASK
from tests.private_postgres import PrivatePostgres
from tests.processes import are_gone, children, opened_by
from tests.signed import Signed
from tests.waiting import until

COUNT = 2
LISTENERS = 16  # of one worker


@pytest.fixture
def server(tmp_path: Path, database: str | None) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, database, f"--workers={COUNT}") as server:
        server.start()
        yield server


def reserve(server: ServerProcess, number: int, *, again: bool = False) -> str:
    """Reserve over a connection of its own, which any of the workers may get."""
    body = {
        "callType": 1,
        "calledNo": f"{66_660_000 + number}",
        "userAccount": "anna",
        "taskId": TASK,
        "appointTime": server.clock.now() + HOUR,
    }
    signed = server.sign("create", body)
    answer = ask(server, signed)
    if again and answer["resultCode"] == "0200006":  # the process that writes was lost under it
        answer = ask(server, signed)
    assert answer["resultCode"] == "0200000", answer
    return str(answer["returnObject"]["appointId"])


def ask(server: ServerProcess, signed: Signed) -> dict[str, Any]:
    connection = server.connect()
    answer = send(connection, signed)
    connection.close()
    return answer


def counted(server: ServerProcess) -> int:
    """Return how many creates all workers say they have answered."""
    connection = server.connect()
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(r'callkeeper_requests_total\{.*interface="create".*\} ([\d.]+)', text)
    return int(sum(map(float, found)))


def serving(server: ServerProcess) -> list[int]:
    """Return the workers that have begun."""
    return [pid for pid in server.worker_pids if has_begun(pid)]


def has_begun(pid: int) -> bool:
    """Whether a worker accepts connections: it has its listener open many times then."""
    return sum(each.startswith("socket:") for each in opened_by(pid)) > LISTENERS


def everybody(server: ServerProcess) -> list[int]:
    """Return all that run for a server: the workers, and the process that writes."""
    pids = children(server.pid)
    assert len(pids) == COUNT + 1
    return pids


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
    os.kill(first, signal.SIGKILL)
    until(lambda: first not in (now := serving(server)) and len(now) == COUNT)
    assert set(others) < set(serving(server))
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
    pids = everybody(server)
    assert server.end() == 0
    assert are_gone(pids)
    assert sockets(server) == []
    assert "Traceback" not in server.log


def test_when_the_one_that_started_them_is_killed_they_end_too(server: ServerProcess) -> None:
    pids = everybody(server)
    server.kill(also_children=False)
    until(lambda: are_gone(pids))
    (left,) = sockets(server)
    server.start()
    until(lambda: len(sockets(server)) == 1)
    assert left not in sockets(server)  # nor in its way


def test_the_process_that_writes_is_replaced_and_what_was_acknowledged_is_there(
    server: ServerProcess,
) -> None:
    ids = [reserve(server, 1)]
    for number in range(2, 5):
        killed = server.writer_pid
        server.kill_writer()
        ids.append(reserve(server, number, again=True))  # waits for the next one
        assert server.writer_pid != killed
    assert server.log.count('"event":"writer_lost"') >= 3
    for each in ids:
        assert server.store.reservations.get(VDN, each) is not None


def sockets(server: ServerProcess) -> list[Path]:
    return list(server.data_dir.glob("writer-*"))


def serve(tmp_path: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "callkeeper", "serve", "--workers=2", "--tls=off", *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
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
