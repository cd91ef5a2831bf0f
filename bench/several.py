"""Several processes that serve one port, each with a listener of its own, as Callkeeper's do."""

import signal
import socket
from collections.abc import Callable
from multiprocessing import get_context

from callkeeper.processes.serve import bind

_ENDING = (signal.SIGTERM, signal.SIGINT)
_BACKLOG = 2048
_END_SECONDS = 20


def serve(processes: int, port: int, one: Callable[[socket.socket], None]) -> None:
    """Serve until told to end: ``one`` serves a listener, in so many processes."""
    if processes == 1:
        one(_listener(port, shared=False))
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    started = [
        get_context("fork").Process(target=_be_one, args=(port, one)) for _ in range(processes)
    ]
    for each in started:
        each.start()
    signal.sigwait(_ENDING)
    for each in started:
        each.terminate()
    for each in started:
        each.join(_END_SECONDS)


def _be_one(port: int, one: Callable[[socket.socket], None]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    one(_listener(port, shared=True))


def _listener(port: int, *, shared: bool) -> socket.socket:
    listener = bind("127.0.0.1", port, shared=shared)
    listener.listen(_BACKLOG)
    return listener
