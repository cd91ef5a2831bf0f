"""What processes use: CPU time and memory, a process together with all that it started."""

import os
import resource
from contextlib import suppress
from pathlib import Path
from typing import Literal

_GONE = (FileNotFoundError, ProcessLookupError)
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """Return a process and all below it that are running."""
    found = [root]
    for pid in found:
        with suppress(*_GONE):
            for thread in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (thread / "children").read_text("ascii").split())
    return found


def parent(pid: int) -> int:
    """Return the process that started a process."""
    return _stat(pid)[0]


def cpu_seconds(root: int) -> float:
    """Return the CPU time of a process and all below it, those that have ended too."""
    ticks = 0
    for pid in tree(root):
        with suppress(*_GONE):
            ticks += sum(_stat(pid)[10:14])  # its own, and of its children that have ended
    return ticks / _TICKS_A_SECOND


def resident_mb(root: int, counted: Literal["Rss", "Pss"] = "Rss") -> float:
    """Return the resident memory of a process and all below it, in MB.

    ``Pss`` counts once what processes share: PostgreSQL's are one great piece of shared memory.
    """
    kilobytes = 0
    for pid in tree(root):
        with suppress(*_GONE):
            text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
            kilobytes += sum(
                int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{counted}:")
            )
    return kilobytes / 1024


def ended_children_cpu_seconds() -> float:
    """Return the CPU time of our children that have ended: load generators, not servers."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _stat(pid: int) -> list[int]:
    """Return the numbers of a process's stat, from its parent on."""
    text = Path(f"/proc/{pid}/stat").read_text("ascii")
    return [int(each) for each in text.rpartition(")")[2].split()[1:]]
