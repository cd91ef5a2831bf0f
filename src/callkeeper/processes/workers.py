"""Several processes that serve one port; ``python -m callkeeper.processes.workers`` is one of them.

Each is a whole server that reads by itself, and one process writes for all of them (decision 0044);
the kernel deals out what arrives (SO_REUSEPORT). Where the console has a port of its own, one more
worker serves that, and yields to the others (decision 0046). This process serves
nobody. It starts them, replaces the ones that are lost, and each of them stops when it does,
however that came about: it notices that their pipe has closed.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import structlog
from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

from callkeeper import log
from callkeeper.asyncstore.shared_writer import SharedWriter, listening
from callkeeper.asyncstore.writer_process import WriterProcess, batch_seconds_max
from callkeeper.clock import SystemClock
from callkeeper.core.refusal import DatabaseFailed, told_in_full
from callkeeper.installation.database import data_dir, fitting_seal, open_store, warn_of_old_seals
from callkeeper.installation.tls import prepare
from callkeeper.processes.dial import check_rules
from callkeeper.processes.metrics_folder import metrics_folder
from callkeeper.processes.serve import Share, bind, not_started, prepare_server
from callkeeper.processes.serve import serve as serve_alone
from callkeeper.settings import Settings, SettingsWrong, handed_over, taken_over
from callkeeper.signals import ending
from callkeeper.store.file_identity import Inode

_AGAIN_SECONDS = 1.0  # between the tries to start a worker that is lost before it is ready
_NICENESS = 10  # of the console, where it may not be more modest than that
_END_SECONDS = 30
_FIRST = 0  # the number of the worker that dials, and counts how often what writes is lost
_LOOK_SECONDS = 0.25  # how often the process that writes is looked at
_METRICS = "PROMETHEUS_MULTIPROC_DIR"  # the library's own: where processes put theirs together


def serve(settings: Settings, *, ready: Callable[[str], None] = lambda _url: None) -> None:
    """Serve until a signal ends it (see signals.py); ``ready`` is told the URL."""
    if settings.is_served_alone:
        serve_alone(settings, ready=ready)
        return
    file = _lay_ground(settings)
    with (
        _console_reserved(settings),
        _reserved(settings.host, settings.port) as address,
        metrics_folder(Path(tempfile.gettempdir())) as metrics,
        listening(data_dir(settings)) as (listener, path),
    ):
        fixed = msgspec.structs.replace(settings, port=address.getsockname()[1])
        writer = WriterProcess(fixed, file, listener=listener)
        asyncio.run(_Workers(fixed, path, str(metrics), writer, ready).run())


def _lay_ground(settings: Settings) -> Inode | None:
    """Make what all of them need, once, and find what would keep each of them from beginning.

    Return which file the database is, if it is SQLite's.
    """
    store = open_store(settings)
    try:
        warn_of_old_seals(store, fitting_seal(settings, store))
        file = store.file
    finally:
        store.close()
    check_rules(settings)
    prepare(settings.tls_mode, data_dir(settings), settings.host, SystemClock())
    return file


def _console_reserved(settings: Settings) -> AbstractContextManager[object]:
    """Keep the console's address from others, also while its worker is replaced."""
    port = settings.console_port
    return nullcontext() if port is None else _reserved(settings.host, port)


def _reserved(host: str, port: int) -> socket.socket:
    """Return an address that workers may share, after making sure that nobody else has it."""
    with bind(host, port) as alone:
        taken = alone.getsockname()[1]
    return bind(host, taken, shared=True)


class _Order(msgspec.Struct, frozen=True):
    """What a worker is told: its settings, its share, and where to reach what writes for it."""

    settings: Settings
    writer: Path
    share: Share


class _Worker(msgspec.Struct):
    """One of them."""

    number: int
    process: subprocess.Popen[bytes]
    pipe: Connection
    url: str = ""  # once it is ready


class _Workers:
    """All of them."""

    def __init__(
        self,
        settings: Settings,
        socket_path: Path,
        metrics: str,
        writer: WriterProcess,
        ready: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._metrics = metrics
        self._writer = writer
        self._ready = ready
        self._log = structlog.get_logger()
        self._workers: dict[int, _Worker] = {}
        self._stopped = asyncio.Event()
        self._url = ""
        self._failed = False

    async def run(self) -> None:
        """Start them all, keep them running, and stop them when told to."""
        loop = asyncio.get_running_loop()
        for each in ending():
            loop.add_signal_handler(each, self._stopped.set)
        try:
            self._writer.begin()
        except OSError as error:
            raise not_started(error) from error
        writing = asyncio.create_task(self._keep_writing())
        has_console = self._settings.console_port is not None
        for number in range(self._settings.workers + has_console):
            self._start(number)
        await self._stopped.wait()
        await self._stop()
        writing.cancel()
        await asyncio.wait([writing])
        await self._writer.stop()
        if self._failed:
            raise SettingsWrong("a worker could not begin; it has said why")

    async def _keep_writing(self) -> None:
        """Replace the process that writes where it is lost, or does not answer in time."""
        while True:
            await self._writer.carry_out([])
            await asyncio.sleep(_LOOK_SECONDS)

    def _start(self, number: int) -> None:
        if self._stopped.is_set():
            return
        # One dialer is enough for this machine; it takes more of them only for their own sake.
        dials = self._settings.dialer and number == _FIRST
        settings = msgspec.structs.replace(self._settings, dialer=dials)
        told = _Order(settings, self._socket_path, _share_of(number, settings))
        ours, theirs = Pipe()
        with theirs:
            # The pipe holds it until the worker is there to read it.
            ours.send_bytes(handed_over(told))
            handle = theirs.fileno()
            process = subprocess.Popen(  # noqa: S603 - this very program
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "callkeeper.processes.workers",
                    str(handle),
                    str(number),
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[handle],
                env={**os.environ, _METRICS: self._metrics},
            )
        worker = self._workers[number] = _Worker(number, process, ours)
        asyncio.get_running_loop().add_reader(ours.fileno(), self._hear, worker)

    def _hear(self, worker: _Worker) -> None:
        try:
            url = worker.pipe.recv_bytes().decode()
        except (EOFError, OSError):
            self._lose(worker)
            return
        worker.url = url
        if not self._url and all(each.url for each in self._workers.values()):
            self._url = self._workers[_FIRST].url
            self._ready(self._url)

    def _lose(self, worker: _Worker) -> None:
        """Replace a worker; but if it is one of the first and never began, end all of it."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(worker.pipe.fileno())
        worker.pipe.close()
        worker.process.kill()
        status = worker.process.wait()
        if self._stopped.is_set():
            return
        if not self._url:
            self._failed = True
            self._stopped.set()
            return
        self._log.error("worker_lost", worker=worker.number, status=status)
        loop.call_later(0 if worker.url else _AGAIN_SECONDS, self._replace, worker)

    def _replace(self, lost: _Worker) -> None:
        try:
            mark_process_dead(lost.number, self._metrics)  # type: ignore[no-untyped-call]
            self._start(lost.number)
        except OSError as error:  # too many files or processes, or too little memory, just now
            self._log.error("worker_not_started", worker=lost.number, error=str(error))
            asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._replace, lost)

    async def _stop(self) -> None:
        for worker in self._workers.values():
            with suppress(ProcessLookupError):
                worker.process.terminate()
        for worker in self._workers.values():
            try:
                await asyncio.to_thread(worker.process.wait, _END_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()


def _share_of(number: int, settings: Settings) -> Share:
    """Return what a worker serves: a console with a port of its own is the last one's."""
    if settings.console_port is None:
        return Share.ALL
    return Share.CONSOLE if number == settings.workers else Share.API


def main() -> None:
    """Be a worker: serve until told to stop, or until whoever started it is gone."""
    pipe = Connection(int(sys.argv[1]))
    order = taken_over(_Order, pipe.recv_bytes())
    settings = order.settings
    log.configure(settings)
    _count_on(sys.argv[2])
    if order.share is Share.CONSOLE:
        _yield_to_others()
    # Its batch may wait for that of others; and whoever started us ends a writer that is silent.
    seconds_max = 2 * batch_seconds_max(settings)
    try:
        server = prepare_server(
            settings,
            ready=lambda url: pipe.send_bytes(url.encode()),
            make_batch_writer=lambda _settings, _file: SharedWriter(
                order.writer, seconds_max, counts=int(sys.argv[2]) == _FIRST
            ),
            share=order.share,
        )
    except (SettingsWrong, DatabaseFailed) as error:
        raise SystemExit(f"callkeeper: {told_in_full(error)}") from error
    server.hang_on(pipe.fileno())
    server.run()


def _yield_to_others() -> None:
    """Let every other process go first that wants a core; where that is forbidden, say so.

    Whoever is merely nice and runs is let run for a millisecond, while a result waits for the core.
    """
    try:
        os.nice(_NICENESS)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError as error:
        structlog.get_logger().warning("niceness_refused", error=str(error))


def _count_on(number: str) -> None:
    """Keep metrics in files that bear the worker's number, not its process's.

    Who replaces one that was killed goes on counting where it ended, and no file is left over.
    """
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
