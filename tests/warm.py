"""``python -m callkeeper`` in processes of their own, without all the imports in each of them.

To import what the command line needs takes longer than most commands do. So a process that has done
so makes a copy of itself for each command, which from there on does what ``python -m`` would.
"""

import atexit
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

import callkeeper.cli.program  # noqa: F401 - so that every copy has it

_ORDER_MAX = 1 << 17  # bytes
_FILES = 4  # a command's input, output and errors, and where its status goes


class Order(NamedTuple):
    """A command: its arguments and input, and where it runs for how long at most."""

    arguments: Sequence[str]
    given: str
    environment: Mapping[str, str]
    folder: Path
    seconds: int


def run_warm(order: Order) -> tuple[int, str, str]:
    """Run a command; return its status, its output and its errors.

    One that takes longer is killed by SIGALRM. The environment must not have what is read while
    Python or a library starts.
    """
    told = json.dumps({**order._asdict(), "folder": str(order.folder)})
    with ExitStack() as open_:
        ours, theirs = socket.socketpair()
        open_.enter_context(ours)
        with theirs:
            files = [open_.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            files[0].write(order.given.encode())
            files[0].seek(0)
            handles = [*(each.fileno() for each in files), theirs.fileno()]
            socket.send_fds(_original(), [told.encode()], handles)
        status = int(ours.recv(100))
        out, err = map(_text, files[1:])
    return status, out, err


def run_cold(order: Order) -> tuple[int, str, str]:
    """Run a command as ``run_warm`` does, in a process that begins from nothing."""
    ended = subprocess.run(
        [sys.executable, "-m", "callkeeper", *order.arguments],
        input=order.given,
        capture_output=True,
        text=True,
        timeout=order.seconds,
        check=False,
        cwd=order.folder,
        env=order.environment,
    )
    return ended.returncode, ended.stdout, ended.stderr


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _original() -> socket.socket:
    """Start the process that is copied, and return where it takes orders; it ends with us."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(theirs.fileno())],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours


def _copy_for_each(orders: socket.socket) -> None:
    """Let a copy carry out each order; return when there are no more, or as a command's process."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        order, handles, _, _ = socket.recv_fds(orders, _ORDER_MAX, _FILES)
        if not order:
            return
        if os.fork() == 0:
            break
        for each in handles:
            os.close(each)
    orders.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *files, status = handles
    if command := os.fork():
        _, ended = os.waitpid(command, 0)
        os.write(status, str(os.waitstatus_to_exitcode(ended)).encode())
        os._exit(0)
    os.close(status)
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    _become(json.loads(order))


def _become(order: dict[str, Any]) -> None:
    """Go on as Python does that was started for a command."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    signal.alarm(order["seconds"])
    sys.argv[1:] = order["arguments"]
    runpy.run_module("callkeeper", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        _copy_for_each(orders)
