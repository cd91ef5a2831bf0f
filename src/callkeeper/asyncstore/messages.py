"""Messages to another process and back, over a socket that the event loop never waits for."""

import asyncio
import socket
from collections.abc import Callable

from callkeeper.asyncstore.frames import Frames, framed

_READ_BYTES = 1 << 20


class Messages:
    """One end. It belongs to the running event loop, and is closed by whoever made it.

    ``received`` is called with each message, ``lost`` once, when the other end is gone.
    """

    def __init__(
        self, end: socket.socket, received: Callable[[bytes], None], lost: Callable[[], None]
    ) -> None:
        end.settimeout(0)
        self._end = end
        self._received = received
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._arriving = Frames()
        self._loop.add_reader(end.fileno(), self._read)

    def send(self, message: bytes) -> None:
        """Send a message: now, or as the other end reads.

        OSError if that is gone already; MessageTooLong, and nothing is sent, if it may not be.
        """
        is_waiting = bool(self._unsent)
        self._unsent += framed(message)
        if not is_waiting:
            self._write()
            if self._unsent:
                self._loop.add_writer(self._end.fileno(), self._write_on)

    def close(self) -> None:
        """Close this end, which tells the other one to go; what is unsent is dropped."""
        self._loop.remove_reader(self._end.fileno())
        self._loop.remove_writer(self._end.fileno())
        self._end.close()

    def _write(self) -> None:
        try:
            sent = self._end.send(self._unsent)
        except BlockingIOError:
            return
        del self._unsent[:sent]

    def _write_on(self) -> None:
        try:
            self._write()
        except OSError:
            self._lost()
            return
        if not self._unsent:
            self._loop.remove_writer(self._end.fileno())

    def _read(self) -> None:
        try:
            piece = self._end.recv(_READ_BYTES)
            messages = self._arriving.take(piece)
        except BlockingIOError:
            return
        except OSError:
            piece, messages = b"", []
        if not piece:
            self._lost()
            return
        for message in messages:
            self._received(message)
