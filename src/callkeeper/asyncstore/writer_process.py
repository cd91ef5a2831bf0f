"""The process that writes: ``python -m callkeeper.asyncstore.writer_process``, started by ours.

Python runs one thread at a time, and two that hand each other work for every request are half as
fast as one. So batches are carried out by a process of their own: each is one message to it, and
its outcomes are one message back. See decision 0010.
"""

import asyncio
import gc
import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Protocol

import structlog

from callkeeper import log
from callkeeper.asyncstore.batch import Write, WriteBroke, carry_out, name_of
from callkeeper.asyncstore.messages import Messages
from callkeeper.asyncstore.outage import Outage
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.asyncstore.writer import BatchWriter, Writer
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed, Refusal
from callkeeper.installation.database import attach_store, open_store
from callkeeper.settings import Settings
from callkeeper.signals import held_back, ignore_all
from callkeeper.store.file_identity import Inode
from callkeeper.store.port.store import Store

_END_SECONDS = 30
_LAST_WORDS_SECONDS = 2  # for one that is lost to say why
_GONE = (EOFError, OSError)
# How long a batch may take; on SQLite, beyond what it waits for another's write. PostgreSQL gives
# up a statement after 15 s by itself, so what takes longer has nobody left who would end it.
SILENT_SECONDS = 25.0
_LOST = Phrase(
    "the process that writes was lost, so this may be stored or not; "
    "send the very same request again, which is safe"
)
_SILENT = Phrase(
    "the process that writes did not answer in time, so this may be stored or not; "
    "send the very same request again, which is safe"
)


class Process(Protocol):
    """A process that was started, as ``subprocess.Popen`` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float | None = None, /) -> int:
        """Return how it ended; subprocess.TimeoutExpired if it does not."""

    def kill(self) -> None:
        """End it at once."""


def start(handle: int) -> Process:
    """Start the process that ``main`` is; it inherits its end of the pipe."""
    command = [sys.executable, "-P", "-m", "callkeeper.asyncstore.writer_process", str(handle)]
    with held_back():
        return subprocess.Popen(  # noqa: S603 - this very program
            command, stdin=subprocess.DEVNULL, pass_fds=[handle]
        )


class WriterProcess:
    """A process that writes for this one. One that is lost or silent is replaced by the next batch.

    ``file`` is the SQLite file that this one has open: each of them writes into it, or into none.
    ``seconds_max`` is how long a batch may take; None: longer than a database takes to give up.
    ``start`` starts the process.
    """

    def __init__(
        self,
        settings: Settings,
        file: Inode | None = None,
        start: Callable[[int], Process] = start,
        *,
        seconds_max: float | None = None,
    ) -> None:
        self._begins_with = pickle.dumps((settings, file))
        self._start = start
        busy_seconds = settings.busy_seconds if settings.database is None else 0.0
        self._seconds_max = seconds_max or busy_seconds + SILENT_SECONDS
        self._log = structlog.get_logger()
        self._process: Process | None = None
        self._begun = 0
        self._messages: Messages
        self._answer: asyncio.Future[list[object]] | None = None
        self._asked = 0
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The process, if there is one just now."""
        return None if self._process is None else self._process.pid

    @property
    def restarts(self) -> int:
        """How often it was lost, and begun anew."""
        return max(0, self._begun - 1)

    def begin(self) -> None:
        """Start the process, unless it is running."""
        if self._process is not None:
            return
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = self._start(theirs.fileno())
            except OSError:
                ours.close()
                raise
        self._begun += 1
        self._messages = Messages(ours, self._tell_of, self._end_lost)
        self._messages.send(self._begins_with)

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return the outcomes to come; all are DatabaseFailed if the process is lost meanwhile."""
        loop = asyncio.get_running_loop()
        answer = self._answer = loop.create_future()
        self._asked = len(batch)
        self._deadline = loop.call_later(self._seconds_max, self._end_silent)
        message = pickle.dumps([(*name_of(write.verb), write.item) for write in batch])
        try:
            self.begin()
            self._messages.send(message)
        except OSError as error:
            self._lose(
                Phrase(
                    "the process that writes cannot be reached ({error}); try again",
                    error=str(error),
                )
            )
        return answer

    async def stop(self) -> None:
        """End the process, which first closes the database."""
        if self._process is None:
            return
        self._messages.close()
        try:
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process = None

    def _tell_of(self, message: bytes) -> None:
        self._tell(pickle.loads(message))  # noqa: S301 - our own process's

    def _tell(self, outcomes: list[object]) -> None:
        answer, self._answer = self._answer, None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if answer is not None and not answer.done():
            answer.set_result(outcomes)

    def _end_lost(self) -> None:
        self._lose(_LOST)

    def _end_silent(self) -> None:
        """Give up a process that does not answer: whatever it waits for, others need not."""
        self._log.error("writer_timed_out", pid=self.pid, seconds=self._seconds_max)
        if self._process is not None:
            self._process.kill()
        self._lose(_SILENT)

    def _lose(self, phrase: Phrase) -> None:
        """Give up the process, and answer for it."""
        process, self._process = self._process, None
        if process is not None:
            self._messages.close()
            asyncio.get_running_loop().run_in_executor(None, self._bury, process)
        self._tell([DatabaseFailed.saying(phrase)] * self._asked)

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
    """Carry out what the other end of the pipe asks for, until it closes."""
    ignore_all()  # the pipe says when
    pipe = Connection(int(sys.argv[1]))
    begins_with: tuple[Settings, Inode | None] = pickle.loads(  # noqa: S301 - our own process's
        pipe.recv_bytes()
    )
    settings, file = begins_with
    log.configure(settings)
    store = attach_store(settings, file)
    # By class, as ``name_of`` says; families are plain attributes of the store.
    families = {type(each).__name__: each for each in (store, *vars(store).values())}
    gc.freeze()
    try:
        while True:
            pipe.send_bytes(_work(store, families, pipe.recv_bytes()))
    except _GONE:
        store.close()


def _work(store: Store, families: Mapping[str, object], message: bytes) -> bytes:
    asked = pickle.loads(message)  # noqa: S301 - our own process's
    batch = [Write(getattr(families[family], verb), item) for family, verb, item in asked]
    return pickle.dumps([_portable(each) for each in carry_out(store, batch)])


def _portable(outcome: object) -> object:
    """Return an outcome as it can travel: a bug goes as the words that tell where it is."""
    if isinstance(outcome, Exception) and not isinstance(outcome, Refusal):
        return WriteBroke("".join(traceback.format_exception(outcome)))
    return outcome


if __name__ == "__main__":
    main()
