"""The log's lines: whole, in order, and never what anybody waits for."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from callkeeper.log_lines import Lines
from tests.durability.server import ServerProcess
from tests.waiting import until

PIPE_BYTES = 65_536


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def read(reading: int) -> list[str]:
    return os.read(reading, 10 * PIPE_BYTES).decode().splitlines()


def test_lines_come_out_whole_and_in_their_order(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    said = [f"line {number} 客户" for number in range(500)]
    for line in said:
        lines.msg(line)
    lines.flush()
    assert read(pipe[0]) == said


def test_a_log_into_a_pipe_that_nobody_reads_does_not_wait(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1], most=50)
    dropped: list[int] = []
    lines.tell_dropped = dropped.append
    for _ in range(PIPE_BYTES // 1000 + 1):  # more than the pipe holds
        lines.msg("x" * 999)
        lines.flush(0.1)
    for _ in range(80):  # more than may wait
        lines.msg("x" * 999)
    assert not dropped  # nobody could be told yet
    os.set_blocking(pipe[0], False)
    received: list[bytes] = []

    def is_all_accounted_for() -> bool:
        with suppress(BlockingIOError):
            received.append(os.read(pipe[0], PIPE_BYTES))
        return b"".join(received).count(b"\n") + sum(dropped) == PIPE_BYTES // 1000 + 1 + 80

    until(is_all_accounted_for)
    assert sum(dropped) >= 29  # one more may have been on its way


def test_lines_that_nobody_is_left_to_read_are_counted() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = Lines(writing)
    dropped: list[int] = []
    lines.tell_dropped = dropped.append
    lines.msg("nobody will know")
    lines.msg("nor of this")
    until(lambda: sum(dropped) == 2)
    os.close(writing)


def test_a_server_whose_log_nobody_reads_goes_on_and_ends_when_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    reading = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    with ServerProcess(tmp_path, None) as server:
        server.start()
        connection = server.connect()
        for _ in range(1_000):  # a line each, and the pipe holds some three hundred
            connection.request("GET", "/nowhere/" + "x" * 100)
            assert connection.getresponse().read()
        connection.close()
        assert server.readiness() == 200
        assert server.end() in (0, -signal.SIGTERM)
    os.close(reading)


def test_a_log_that_is_read_again_goes_on_where_it_was(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    said = [f"{number:0999}" for number in range(100)]
    for line in said:
        lines.msg(line)
    lines.flush(0.1)
    received: list[str] = []
    text = b""

    def take() -> bool:
        nonlocal text
        text += os.read(pipe[0], PIPE_BYTES)
        received[:] = text.decode().splitlines()
        return len(received) == len(said)

    until(take)
    assert received == said
