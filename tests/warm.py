"""The processes of ours that tests start often, without all the imports in each of them.

To import what they need takes longer than most of them run. So a process that has done so makes a
copy of itself for each, which from there on does what ``python -m`` would.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

from callkeeper.asyncstore import writer_process
from callkeeper.settings import Settings
from callkeeper.store.file_identity import Inode
from tests.command_line import commands, given

_ORDER_MAX = 1 << 17  # bytes
_FILES = 5  # a process's input, output and errors, where it is told of, and a writer's pipe
_BUSY = threading.Lock()


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
    with ExitStack() as open_:
        files = [open_.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(order.given.encode())
        files[0].seek(0)
        status = Copy(order, [each.fileno() for each in files]).wait()
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


def start_warm(arguments: Sequence[str], folder: Path, log: IO[bytes], **more: str) -> "Copy":
    """Start a command that goes on until it is told to end, and ends with nobody but itself.

    What it says goes to a log. ``more``: what its environment has beside ours.
    """
    order = Order(arguments, "", {**os.environ, **more}, folder, 0)
    with Path(os.devnull).open() as nothing:
        return Copy(order, [nothing.fileno(), log.fileno(), log.fileno()])


def warm_writer(settings: Settings, file: Inode | None = None) -> writer_process.WriterProcess:
    """Return a process that writes, which is a copy."""
    return writer_process.WriterProcess(settings, file, _start_writer)


def _start_writer(pipe: int) -> writer_process.Process:
    order = Order((), "", dict(os.environ), Path.cwd(), 0)
    with Path(os.devnull).open() as nothing:
        return Copy(order, [nothing.fileno(), 1, 2], pipe)


class Copy:
    """A copy that does what was ordered, with files for its input, output and errors.

    With a pipe it is one that writes, and without one a command. Its methods are those of a Popen.
    """

    def __init__(self, order: Order, files: Sequence[int], *pipe: int) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        told = json.dumps({**order._asdict(), "folder": str(order.folder)}).encode()
        with theirs:
            socket.send_fds(_original(), [told], [*files, theirs.fileno(), *pipe])
        self.pid = int(self._ours.recv(100))
        self._status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended; subprocess.TimeoutExpired if it does not."""
        if self._status is None:
            self._ours.settimeout(timeout)
            try:
                self._status = int(self._ours.recv(100))
            except (TimeoutError, BlockingIOError) as error:
                raise subprocess.TimeoutExpired("a copy", timeout or 0) from error
            self._ours.close()
        return self._status

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def terminate(self) -> None:
        """Tell it to end."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _original() -> socket.socket:
    """Return where the process that is copied takes orders."""
    with _BUSY:
        return _started()


@cache
def _started() -> socket.socket:
    """Start the process that is copied; it ends with us."""
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
    """Let a copy carry out each order; return when there are no more, or as what was ordered."""
    commands()  # imports what each needs
    import_module("callkeeper.store.engine.postgres")  # and what only PostgreSQL does
    given(["lines"])  # and what all need to read what they are given
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    gc.freeze()  # or the first collection of each copy makes a page of its own of every one
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
    files, teller, pipe = handles[:3], handles[3], handles[4:]
    if copy := os.fork():
        for each in pipe:
            os.close(each)
        os.write(teller, str(copy).encode())
        _, ended = os.waitpid(copy, 0)
        os.write(teller, str(os.waitstatus_to_exitcode(ended)).encode())
        os._exit(0)
    os.close(teller)
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    _become(json.loads(order), pipe)


def _become(order: dict[str, Any], pipe: list[int]) -> None:
    """Go on as Python does that was started for this."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    signal.alarm(order["seconds"])
    sys.stdout, sys.stderr = _opened(1), _opened(2)
    sys.argv[1:] = [*order["arguments"], *map(str, pipe)]
    status = 0
    try:
        if pipe:
            writer_process.main()
        else:
            runpy.run_module("callkeeper", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = _status(end)
    _end(status)


def _opened(number: int) -> IO[str]:
    """Return output or errors as Python opens them: what they are knows only who looks now."""
    at_once = number == 2 or os.isatty(number)
    return os.fdopen(number, "w", 1 if at_once else -1, "utf-8", closefd=False)


def _status(end: SystemExit) -> int:
    """Return what Python ends with for it."""
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return 1


def _end(status: int) -> None:
    """End as Python does, but take no module apart: that copies all the memory we share."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - what Python calls too
    atexit._run_exitfuncs()  # noqa: SLF001 - the same
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(status)  # Python has words and a status of its own for that
    os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as orders:
        _copy_for_each(orders)
