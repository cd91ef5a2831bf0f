"""The instant by which a try is over: no step of it, however many there are, goes on beyond it.

The library bounds each read alone; a server that sends a byte now and then would hold who waits
for as long as it likes.
"""

import ssl
import time
from collections.abc import Iterable
from threading import local
from typing import Any

import httpcore2

_PIECE = 16 * 1024  # bytes that are written before it is asked again whether there is time


class Deadline:
    """When the try is over that a thread makes."""

    def __init__(self) -> None:
        self._of_thread = local()

    def begin(self, seconds: float) -> None:
        """Let what this thread sends from now on take so long, answer and all."""
        self._of_thread.seconds = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that there are left, 0 or less if there are none."""
        return float(self._of_thread.seconds) - time.monotonic()


class DeadlineBackend(httpcore2.SyncBackend):
    """Makes connections of which each step ends at the deadline of the thread that takes it."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is sooner
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect."""
        left = _some(self._deadline, httpcore2.ConnectTimeout)
        stream = super().connect_tcp(host, port, left, local_address, socket_options)
        return _DeadlineStream(stream, self._deadline)


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _some(self._deadline, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for at in range(0, len(buffer), _PIECE):
            left = _some(self._deadline, httpcore2.WriteTimeout)
            self._stream.write(buffer[at : at + _PIECE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        left = _some(self._deadline, httpcore2.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's
        return self._stream.get_extra_info(info)


def _some(deadline: Deadline, late: type[httpcore2.TimeoutException]) -> float:
    """Return the seconds that are left; raise what the library does when there are none."""
    left = deadline.left()
    if left <= 0:
        raise late("timed out")
    return left
