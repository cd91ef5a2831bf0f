"""What the system knows of processes, and how one is killed."""

import os
import re
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

from tests.waiting import until


class Process(Protocol):
    """A process that a test has started."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Return how it ended; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return how it ended, once it has."""

    def terminate(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it at once."""


class LoggedProcess(ABC):
    """A process with a log in its folder, from the start to the end of a block.

    Killing it leaves everything as it was at that moment; it can be started again.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._home = home
        self._log = home / "log"
        self._log.touch()
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    @abstractmethod
    def _run(self, log: IO[bytes]) -> Process:
        """Begin the process, which says all that it says in the log."""

    def start(self) -> None:
        """Start it; what it logs follows what it has logged before."""
        with self._log.open("ab") as log:
            self._process = self._run(log)

    def kill(self) -> None:
        """Kill it as ``kill -9`` does; what it has started notices it, and ends by itself."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process = None

    def check(self) -> None:
        """Insist that it has not ended by itself."""
        assert self._process is not None
        assert self._process.poll() is None, self.log()[-3000:]

    def log(self) -> str:
        """Return what it has logged."""
        return self._log.read_text("utf-8", "replace")


def told(pid: int, file: str) -> str:
    """Return what a file below ``/proc`` tells of a process; nothing of one that has gone.

    One may go between opening its file and reading it.
    """
    try:
        return Path(f"/proc/{pid}", file).read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid: int) -> list[int]:
    """Return a process's children; one that has just gone has none."""
    return [int(each) for each in told(pid, f"task/{pid}/children").split()]


def opened_by(pid: int) -> list[str]:
    """Return the names of all that a process has open."""
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.append(str(each.readlink()))
    return found


def are_gone(pids: Iterable[int]) -> bool:
    """Whether none of these processes is there any more, but for the dead not yet buried."""
    return not any(_is_alive(pid) for pid in pids)


def stop(pid: int) -> None:
    """Stop a process until it is told to continue; return once it has stopped.

    Until then it may take in what it is sent, on a machine that is busy for long after the signal.
    """
    os.kill(pid, signal.SIGSTOP)
    until(lambda: _state(pid) == "T")


def forget_peaks(pids: Iterable[int]) -> None:
    """Let what ``peak_mib`` returns begin anew with what each process holds now."""
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def peak_mib(pid: int) -> float:
    """Return the most memory, in MiB, that a process has held."""
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", told(pid, "status"))
    return int(kib) / 1024


def kill(process: Process, *, also_children: bool = True) -> None:
    """Kill a process as ``kill -9`` does, and its children if so wanted; return when all are gone.

    Children that are left notice it, and end by themselves.
    """
    left = children(process.pid) if process.poll() is None else []
    process.kill()
    for pid in left if also_children else []:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(20)
    until(lambda: are_gone(left))


def _is_alive(pid: int) -> bool:
    return _state(pid) not in {"", "Z"}


def _state(pid: int) -> str:
    """Return the letter of what a process does just now; nothing of one that has gone."""
    stat = told(pid, "stat")
    return stat.rpartition(")")[2].split()[0] if stat else ""
