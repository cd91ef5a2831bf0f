"""A checkpointer: copies SQLite's log back into the database, beside whoever writes.

Left to itself SQLite does so at the end of the commit that makes the log too long, and everybody
waits for that commit. With most of it copied already, little is left to wait for.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from callkeeper.core.refusal import DatabaseLost

_BYTES = 4 * 1024 * 1024  # a log that is shorter is copied at once by whoever writes
_PAUSE_SECONDS = 0.05


class Checkpointer:
    """One for a database in a process. It has a thread once there is enough to copy."""

    def __init__(self, file: Path, connect: Callable[[], sqlite3.Connection]) -> None:
        self._log = file.with_name(f"{file.name}-wal")
        self._connect = connect
        self._written = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Say that something was written; called after each commit."""
        if not self._is_at_work():
            self._begin()
        self._written.set()

    def close(self) -> None:
        """End the thread; a later ``wake`` may begin another."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._closed.set()
                self._written.set()
                thread.join()
                self._closed.clear()

    def _is_at_work(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _begin(self) -> None:
        # Without a log or a thread for it, whoever writes copies what it has to.
        with self._lock, suppress(OSError, RuntimeError):
            if not self._is_at_work() and self._log.stat().st_size > _BYTES:
                thread = threading.Thread(target=self._work, name="checkpointer", daemon=True)
                thread.start()
                self._thread = thread

    def _work(self) -> None:
        with suppress(sqlite3.Error, DatabaseLost), closing(self._connect()) as connection:
            while self._written.wait() and not self._closed.is_set():
                self._written.clear()
                # Whoever writes finds out for itself what keeps this from being done, and tells it.
                with suppress(sqlite3.Error):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._closed.wait(_PAUSE_SECONDS)
