"""The process that writes: ``python -m callkeeper.asyncstore.writer_process``, started by ours.

Python runs one thread at a time, and two that hand each other work for every request are half as
fast as one. So batches are carried out by a process of their own: each is one message to it, and
its outcomes are one message back. See decision 0010; of several that serve, 0044.
"""

import asyncio
import gc
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from callkeeper import log
from callkeeper.asyncstore.batch import carry_out
from callkeeper.asyncstore.batch_channel import BatchChannel
from callkeeper.asyncstore.codec import ReceivedBatch, families_of
from callkeeper.asyncstore.messages import Messages
from callkeeper.asyncstore.outage import Outage
from callkeeper.asyncstore.peers import Peer, Peers
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import BATCH_MAX, BatchWriter, Writer
from callkeeper.installation.database import attach_store, open_store
from callkeeper.settings import Settings, handed_over, taken_over
from callkeeper.signals import held_back, ignore_all
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.store import Store

_END_SECONDS = 30
_LAST_WORDS_SECONDS = 2  # for one that is lost to say why
# How long a batch may take; on SQLite, beyond what it waits for another's write. PostgreSQL gives
# up a statement after 15 s by itself, so what takes longer has nobody left who would end it.
SILENT_SECONDS = 25.0


class Process(Protocol):
    """A process that was started, as ``subprocess.Popen`` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float | None = None, /) -> int:
        """Return how it ended; subprocess.TimeoutExpired if it does not."""

    def kill(self) -> None:
        """End it at once."""


class _Beginning(msgspec.Struct, array_like=True):
    """What the process is told first. ``file`` is the SQLite file that it writes into."""

    settings: Settings
    file: Inode | None


def start(*handles: int) -> Process:
    """Start the process that ``main`` is; it inherits these sockets."""
    command = [sys.executable, "-P", "-m", "callkeeper.asyncstore.writer_process"]
    with held_back():
        return subprocess.Popen(  # noqa: S603 - this very program
            [*command, *map(str, handles)], stdin=subprocess.DEVNULL, pass_fds=handles
        )


def batch_seconds_max(of: Settings) -> float:
    """Return how long a batch may take: longer than a database takes to give up."""
    return SILENT_SECONDS + (of.busy_seconds if of.database is None else 0.0)


class WriterProcess(BatchChannel):
    """A process that writes for this one. One that is lost or silent is replaced by the next batch.

    ``file`` is the SQLite file that this one has open: each of them writes into it, or into none.
    ``start`` starts the process. With a ``listener`` it writes for whoever connects to that, too.
    """

    def __init__(
        self,
        settings: Settings,
        file: Inode | None = None,
        start: Callable[..., Process] = start,
        *,
        seconds_max: float = 0.0,
        listener: socket.socket | None = None,
    ) -> None:
        super().__init__(seconds_max or batch_seconds_max(settings))
        self._begins_with = handed_over(_Beginning(settings, file))
        self._start = start
        self._listener = listener
        self._log = structlog.get_logger()
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The process, if there is one just now."""
        return None if self._process is None else self._process.pid

    def begin(self) -> None:
        """Start the process, unless it is running."""
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            handles = [each.fileno() for each in (theirs, self._listener) if each is not None]
            try:
                self._process = self._start(*handles)
            except OSError:
                ours.close()
                raise
        self._begun += 1
        self._messages = Messages(ours, self._read, self._end_lost)
        self._messages.send(self._begins_with)

    async def stop(self) -> None:
        """End the process, which first closes the database."""
        if self._process is None or self._messages is None:
            return
        self._messages.close()
        try:
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process = self._messages = None

    def _end_silent(self) -> None:
        """Give up a process that does not answer: whatever it waits for, others need not."""
        self._log.error("writer_timed_out", pid=self.pid, seconds=self.seconds_max)
        if self._process is not None:
            self._process.kill()
        self._lose_silent()

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            asyncio.get_running_loop().run_in_executor(None, self._bury, process)

    def _bury(self, process: Process) -> None:
        try:
            status = process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = None  # one that waits for its disk cannot even be killed
        self._log.error("writer_lost", pid=process.pid, status=status)


def open_async_store(
    settings: Settings,
    store: Store | None = None,
    outage: Outage | None = None,
    make_batch_writer: Callable[[Settings, Inode | None], BatchWriter] = WriterProcess,
) -> AsyncStore:
    """Return a store whose writes have a process of their own; ``store`` if it is open already."""
    opened = store or open_store(settings)
    return AsyncStore(
        opened, writer=Writer(make_batch_writer(settings, opened.file)), outage=outage
    )


def main() -> None:
    """Carry out what is asked for over the sockets that it inherits, until they close.

    The first is whoever started it; a second one listens, for others.
    """
    ignore_all()  # the sockets say when
    starter, *listeners = (socket.socket(fileno=int(each)) for each in sys.argv[1:])
    peers = Peers(starter, *listeners)
    begins_with = peers.first()
    if begins_with is None:
        return
    beginning = taken_over(_Beginning, begins_with)
    log.configure(beginning.settings)
    store = attach_store(beginning.settings, beginning.file)
    gc.freeze()
    try:
        _work(store, peers)
    finally:
        store.close()


def _work(store: Store, peers: Peers) -> None:
    """Write what has arrived from all peers as one batch, again and again."""
    families = families_of(store)
    while arrived := peers.arrived():
        received: list[tuple[Peer, ReceivedBatch]] = []
        size = 0
        while arrived and size < BATCH_MAX:
            peer, message = arrived.popleft()
            try:
                batch = ReceivedBatch(families, message)
            except (LookupError, RecursionError, msgspec.DecodeError) as error:
                peers.refuse(peer, str(error))
                continue
            # Whoever looks whether we answer does not wait for what others write.
            if not batch.writes:
                peer.send(batch.answer([]))
                continue
            received.append((peer, batch))
            size += len(batch.writes)
        if not received:
            continue
        writes = [each for _, batch in received for each in batch.writes]
        outcomes = iter(carry_out(store, writes))
        for peer, batch in received:
            peer.send(batch.answer([next(outcomes) for _ in batch.writes]))


if __name__ == "__main__":
    main()
