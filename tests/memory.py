"""A disk that is none, for databases that have nothing to outlive."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MEMORY = Path("/dev/shm")  # noqa: S108 - see above
_ROOM_MIN = 4 << 30  # bytes; a container may have far less there


def memory() -> Path | None:
    """Return where folders lie in memory; None where there is little room for them."""
    is_there = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_MIN
    return _MEMORY if is_there else None


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """Provide a folder that is removed in the end; on a disk where there is no memory for it."""
    with TemporaryDirectory(prefix="callkeeper-memory-", dir=memory()) as folder:
        yield Path(folder)
