"""One process that writes for several that serve: where it listens, and how each reaches it.

Whoever started them all holds the socket that listens. So where the process that writes is lost and
replaced, the others' next batches wait for the new one, and none is refused.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from callkeeper.asyncstore.batch_channel import BatchChannel
from callkeeper.asyncstore.messages import Messages
from callkeeper.settings import folder_wrong

_PREFIX = "writer-"
_BACKLOG = 1_024  # more than there can be workers


class SharedWriter(BatchChannel):
    """A process that writes for others too. One that is lost or silent is reached anew.

    Whoever started it logs that it is lost. Of all for whom it writes one ``counts`` it.
    """

    def __init__(self, path: Path, seconds_max: float, *, counts: bool = True) -> None:
        super().__init__(seconds_max)
        self._path = path
        self._counts = counts
        self._log = structlog.get_logger()

    @property
    def restarts(self) -> int:
        """How often it was lost, and reached anew; 0 where another one counts that."""
        return super().restarts if self._counts else 0

    def begin(self) -> None:
        """Connect to it, unless we are connected."""
        if self._messages is not None:
            return
        end = socket.socket(socket.AF_UNIX)
        try:
            with _short(self._path) as short:
                end.connect(short)
        except OSError:
            end.close()
            raise
        self._begun += 1
        self._messages = Messages(end, self._read, self._end_lost)

    async def stop(self) -> None:
        """Let it go."""
        if self._messages is not None:
            self._messages.close()
            self._messages = None

    def _end_silent(self) -> None:
        """Give up what it does not answer; whoever started it sees to the process itself."""
        self._log.error("writer_timed_out", pid=None, seconds=self.seconds_max)
        self._lose_silent()

    def _let_go(self) -> None:
        """Do nothing more: it is not ours to end, or to tell of."""


@contextmanager
def listening(folder: Path) -> Iterator[tuple[socket.socket, Path]]:
    """Listen for this user's processes at a new socket in a folder, and remove it at the end.

    Its name has our number in it, so that two installations with one folder, each with a database
    of its own, never write into each other's. Those whose owners are gone are removed first. Raise
    SettingsWrong where no socket can be made there.
    """
    _sweep(folder)
    path = folder / f"{_PREFIX}{os.getpid()}.sock"
    new = path.with_suffix(".new")  # until it listens, or another who starts would sweep it
    new.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            _listen(listener, new, path)
            yield listener, path
        finally:
            new.unlink(missing_ok=True)
            path.unlink(missing_ok=True)


def _listen(listener: socket.socket, new: Path, path: Path) -> None:
    try:
        with _short(new) as short:
            listener.bind(short)
        new.chmod(0o600)
        listener.listen(_BACKLOG)
        new.rename(path)
    except OSError as error:
        raise folder_wrong(path, error) from error


def _sweep(folder: Path) -> None:
    for path in folder.glob(f"{_PREFIX}*.sock"):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as end:  # somebody else's, or gone
            try:
                with _short(path) as short:
                    end.connect(short)
            except ConnectionRefusedError:
                if path.is_socket():
                    path.unlink()


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """Name a socket in a hundred bytes, which is what fits, however deep its folder is."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
