"""Messages in a stream of bytes: each follows its length, of four bytes."""

import struct

MESSAGE_BYTES_MAX = 1 << 28  # more than one batch of the largest requests that there is room for

_LENGTH = struct.Struct("!i")


class MessageTooLong(OSError):  # noqa: N818 - what happened
    """What arrives is no message of ours, or one longer than there may be."""


def framed(message: bytes) -> bytes:
    """Return a message as it is sent; MessageTooLong if it may not be."""
    if len(message) > MESSAGE_BYTES_MAX:
        raise MessageTooLong(f"a message of {len(message)} bytes")
    return _LENGTH.pack(len(message)) + message


class Frames:
    """What has arrived of a stream."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def take(self, piece: bytes) -> list[bytes]:
        """Return the messages that are whole with this piece; MessageTooLong if one cannot be."""
        self._unread += piece
        whole, at = [], 0
        while len(self._unread) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread, at)
            if not 0 <= length <= MESSAGE_BYTES_MAX:
                raise MessageTooLong(f"a message of {length} bytes")
            end = at + _LENGTH.size + length
            if end > len(self._unread):
                break
            whole.append(bytes(self._unread[at + _LENGTH.size : end]))
            at = end
        del self._unread[:at]
        return whole
