"""Messages to another process and back, over a socket that the event loop never waits for.

A message is framed as ``multiprocessing.connection`` frames it, so the other end, which has nothing
else to do, may be a plain ``Connection``.
"""

import asyncio
import socket
import struct
from collections.abc import Callable

_LENGTH = struct.Struct("!i")
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
        self._unread = bytearray()
        self._loop.add_reader(end.fileno(), self._read)

    def send(self, message: bytes) -> None:
        """Send a message: now, or as the other end reads. OSError if that is gone already."""
        is_waiting = bool(self._unsent)
        self._unsent += _LENGTH.pack(len(message))
        self._unsent += message
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
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._lost()
            return
        self._unread += piece
        for message in self._whole():
            self._received(message)

    def _whole(self) -> list[bytes]:
        """Take what has arrived as a whole."""
        whole, at = [], 0
        while len(self._unread) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread, at)
            end = at + _LENGTH.size + length
            if end > len(self._unread):
                break
            whole.append(bytes(self._unread[at + _LENGTH.size : end]))
            at = end
        del self._unread[:at]
        return whole
