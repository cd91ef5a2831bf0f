"""Which file a SQLite database is: whether what has its name is still what was opened.

A file that is deleted lives on, without a name, for whoever has it open. What is committed to it is
lost when the last of them ends, so it must not be acknowledged.
"""

import os
import threading
from pathlib import Path

from callkeeper.core.refusal import DatabaseLost

Inode = tuple[int, int]  # which file, on which device; no other has it while this one is open
Logs = dict[Path, Inode | None]


class FileIdentity:
    """The file of a database that is open, and what SQLite keeps beside it.

    ``known``: which file it is, where another process of ours has it open already.
    """

    def __init__(self, path: Path, known: Inode | None = None) -> None:
        self._path = path
        self._beside = [path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm")]
        self._known = known
        self._lock = threading.Lock()

    @property
    def known(self) -> Inode | None:
        """Which file it is; None before it was opened."""
        return self._known

    def note(self) -> None:
        """Note which file a new connection has opened; raise DatabaseLost if it is another one."""
        with self._lock:
            if self._known is None:
                self._known = _inode(self._path)
        self.check()

    def logs(self) -> Logs:
        """Return which files are beside it; they stay while a connection has them open."""
        return {each: _inode(each) for each in self._beside}

    def check(self, logs: Logs | None = None) -> None:
        """Raise DatabaseLost if the file, or one of these beside it, is gone or another one."""
        if self._known is not None and _inode(self._path) != self._known:
            raise gone(self._path)
        for each, known in (logs or {}).items():
            if _inode(each) != known:
                raise gone(each)


def gone(file: Path) -> DatabaseLost:
    """Return the refusal that says that a file of the database is not there any more."""
    return DatabaseLost(
        "the database file {file} was removed or replaced while the server runs, so nothing is "
        "stored; put the right file back and restart the server",
        file=file.name,
    )


def _inode(file: Path) -> Inode | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - once for every read and write, so without a detour
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino
