"""An intake: what arrives is taken in small pieces.

uvloop reads 256 KB at once, so that thousands of connections that wait could hold gigabytes.
"""

import asyncio
from typing import Any, ClassVar

_SIP = 16 * 1024  # bytes taken at once; what comes behind them waits in the system


class Intake(asyncio.BufferedProtocol):
    """Stands before a protocol, and hands it what arrives; see ``before``."""

    behind: ClassVar[type[Any]]
    sip: ClassVar[memoryview]

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - what the protocol behind it takes
        protocol = type(self).behind(**given)
        self._take = protocol.data_received
        self.connection_made = protocol.connection_made  # type: ignore[method-assign]
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return where to put what is read next."""
        return self.sip

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self._take(bytes(self.sip[:nbytes]))


def before(behind: type[Any]) -> type[Intake]:
    """Return an intake for the connections of one event loop, with this protocol behind it.

    They share the place where what arrives is put, for it is emptied before the next is read. With
    another loop, on another thread, they must not.
    """
    return type("Http", (Intake,), {"behind": behind, "sip": memoryview(bytearray(_SIP))})
