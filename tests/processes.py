"""What the system knows of processes."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that are there."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
