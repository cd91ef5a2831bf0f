"""The scribe: the process that writes. ``python -m callkeeper.scribe``, started by ours alone.

Python runs one thread at a time, and two that hand each other work for every request are half as
fast as one. So batches are carried out by a process of their own: each is one message to it, and
its outcomes are one message back. See decision 0010.
"""

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import structlog

from callkeeper import log
from callkeeper.batch import Write, WriteBroke, carry_out
from callkeeper.core.phrase import Phrase
from callkeeper.core.refusal import DatabaseFailed, Refusal
from callkeeper.desk import Desk
from callkeeper.installation import attach_store, open_store
from callkeeper.settings import Settings
from callkeeper.store.port import Store
from callkeeper.watch import Watch
from callkeeper.writer import Writer

_END_SECONDS = 30
_LAST_WORDS_SECONDS = 2  # for one that is lost to say why
_GONE = (EOFError, OSError)


class ProcessScribe:
    """A process that writes for this one. One that is lost is replaced for the next batch."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._log = structlog.get_logger()
        self._process: subprocess.Popen[bytes] | None = None
        self._ours: Connection
        self._answer: asyncio.Future[list[object]] | None = None
        self._asked = 0

    @property
    def pid(self) -> int | None:
        """The process, if there is one just now."""
        return None if self._process is None else self._process.pid

    def begin(self) -> None:
        """Start the process, unless it is running."""
        if self._process is not None:
            return
        self._ours, theirs = Pipe()
        with theirs:
            handle = theirs.fileno()
            command = [sys.executable, "-P", "-m", "callkeeper.scribe", str(handle)]
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                command, stdin=subprocess.DEVNULL, pass_fds=[handle]
            )
        self._ours.send_bytes(pickle.dumps(self._settings))
        asyncio.get_running_loop().add_reader(self._ours.fileno(), self._read)
        # uvloop made it one that gives up where it would have to wait for the rest of a message.
        os.set_blocking(self._ours.fileno(), True)

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Return the outcomes to come; all are DatabaseFailed if the process is lost meanwhile."""
        answer = self._answer = asyncio.get_running_loop().create_future()
        self._asked = len(batch)
        message = pickle.dumps([(write.verb.__name__, write.item) for write in batch])
        try:
            self.begin()
            self._ours.send_bytes(message)
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
        asyncio.get_running_loop().remove_reader(self._ours.fileno())
        self._ours.close()
        try:
            await asyncio.to_thread(self._process.wait, _END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._process = None

    def _read(self) -> None:
        try:
            outcomes = pickle.loads(self._ours.recv_bytes())  # noqa: S301 - our own process's
        except _GONE:
            self._lose(
                Phrase(
                    "the process that writes was lost, so this may be stored or not; "
                    "send the very same request again, which is safe"
                )
            )
        else:
            self._tell(outcomes)

    def _tell(self, outcomes: list[object]) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_result(outcomes)

    def _lose(self, phrase: Phrase) -> None:
        """Give up the process, and answer for it."""
        process, self._process = self._process, None
        if process is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._ours.fileno())
            self._ours.close()
            loop.run_in_executor(None, self._bury, process)
        self._tell([DatabaseFailed.saying(phrase)] * self._asked)

    def _bury(self, process: "subprocess.Popen[bytes]") -> None:
        try:
            status = process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        self._log.error("scribe_lost", pid=process.pid, status=status)


def open_desk(settings: Settings, store: Store | None = None, watch: Watch | None = None) -> Desk:
    """Return a desk whose writes have a process of their own; ``store`` if it is open already."""
    writer = Writer(ProcessScribe(settings))
    return Desk(store or open_store(settings), writer=writer, watch=watch)


def main() -> None:
    """Carry out what the other end of the pipe asks for, until it closes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # they are for the whole group; the pipe says when
    pipe = Connection(int(sys.argv[1]))
    settings: Settings = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own process's
    log.configure(show_numbers=settings.show_phone_numbers)
    store = attach_store(settings)
    gc.freeze()
    try:
        while True:
            pipe.send_bytes(_work(store, pipe.recv_bytes()))
    except _GONE:
        store.close()


def _work(store: Store, message: bytes) -> bytes:
    asked = pickle.loads(message)  # noqa: S301 - our own process's
    batch = [Write(getattr(store, verb), item) for verb, item in asked]
    return pickle.dumps([_portable(each) for each in carry_out(store, batch)])


def _portable(outcome: object) -> object:
    """Return an outcome as it can travel: a bug goes as the words that tell where it is."""
    if isinstance(outcome, Exception) and not isinstance(outcome, Refusal):
        return WriteBroke("".join(traceback.format_exception(outcome)))
    return outcome


if __name__ == "__main__":
    main()
