"""Ports of the loopback for what tests start: every process that runs tests has its own."""

import atexit
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from itertools import cycle

# All below those that the system gives to outgoing connections, and to whoever asks for any.
_FIRST = 10_000
_SLICES = 10
_OF_SERVERS = 200
_OF_CALLS = 2_000
_OF_SLICE = _OF_SERVERS + _OF_CALLS


def free_port() -> int:
    """Return a port that is free for TCP and UDP, and that no other process of ours will take.

    It comes again only after all others.
    """
    ports = _servers()
    for _ in range(_OF_SERVERS):
        if _is_free(port := next(ports)):
            return port
    raise OSError("all ports for the servers of tests are taken")


def call_ports() -> tuple[int, int]:
    """Return the first and the last port for the voices in calls.

    All Asterisks of a process may have the same: each goes on to the next that is free.
    """
    first = _slice() + _OF_SERVERS
    return first, first + _OF_CALLS - 1


@cache
def _servers() -> Iterator[int]:
    first = _slice()
    return cycle(range(first + 1, first + _OF_SERVERS))


@cache
def _slice() -> int:
    """Return the first port of a slice, which is ours for as long as we hold that port."""
    for first in range(_FIRST, _FIRST + _SLICES * _OF_SLICE, _OF_SLICE):
        gate = socket.socket()
        try:
            gate.bind(("127.0.0.1", first))
        except OSError:
            gate.close()
        else:
            atexit.register(gate.close)
            return first
    raise OSError(f"{_SLICES} processes run tests on this machine; wait until one has ended")


def _is_free(port: int) -> bool:
    with ExitStack() as probes:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            probe = probes.enter_context(socket.socket(type=kind))
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
