"""The folder where processes that serve together put their metrics, in files that they share.

It belongs to whoever started them and goes with it. One that was killed leaves its folder behind;
the next that starts on this machine clears it away.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "callkeeper-metrics-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def metrics_folder(within: Path) -> Iterator[Path]:
    """Return a new folder, removed at the end, after clearing away those whose owner is gone."""
    _sweep(within)
    folder, lock = _make(within)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make(within: Path) -> tuple[Path, int]:
    """Return a new folder, and the lock on it, which ends with this process however it ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=within))
        try:
            lock = os.open(folder, _FOLDER)
        except FileNotFoundError:
            continue  # somebody has swept it, who found it before its lock
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def _sweep(within: Path) -> None:
    for folder in within.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or gone by now
            lock = os.open(folder, _FOLDER)
            try:
                if os.fstat(lock).st_uid == os.geteuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
            finally:
                os.close(lock)
