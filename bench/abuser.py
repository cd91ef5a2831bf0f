"""Abuse one server on loopback for some seconds: what wrk cannot do. bench/abuse.py starts it."""

import asyncio
import contextlib
import resource
import sys
from collections.abc import Awaitable, Callable

from callkeeper import signing
from callkeeper.clock import SystemClock

# Floods are wrk's work, with requests made beforehand.
FLOODS = (
    "one VDN at full speed",
    "one VDN at full speed, pipelined",
    "unknown keys",
    "wrong signatures",
    "wrong signatures, 1 MiB",
    "expired timestamps",
)

_HEAD = b"POST /rest/isales/v1/openapi/campaigns/26/appoint/list HTTP/1.1\r\nHost: a\r\n"
# An access key that there is, which goes over the wire in clear, and a signature that is nobody's.
_CLAIM = "Authorization: auth-v2/{ak}/{at}/host/" + "0" * 64 + "\r\n"
_AT_ONCE = 64  # connections being made


async def _idle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _slow_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_HEAD + b"X: ")
    await _dribble(writer)


async def _slow_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    claim = _CLAIM.format(ak=sys.argv[4], at=signing.timestamp(SystemClock().now()))
    writer.write(_HEAD + claim.encode() + b"Content-Length: 1000000\r\n\r\n" + b" " * 20_000)
    await _dribble(writer)


async def _dribble(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(1)


async def _large_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_HEAD + b"X: ")
    while not reader.at_eof():
        writer.write(b"x" * 16_384)
        await writer.drain()
        await asyncio.sleep(0)


_Way = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# How many connections at once, each doing what; one that is closed is made anew.
QUIET: dict[str, tuple[int, _Way]] = {
    "idle connections": (5_000, _idle),
    "heads, a byte a second": (1_000, _slow_head),
    "large bodies, a byte a second": (1_000, _slow_body),
    "heads without end": (64, _large_head),
}


class Abuser:
    """So many connections that are made again whenever the server closes one."""

    def __init__(self, port: int, way: _Way) -> None:
        self._port = port
        self._way = way
        self._making = asyncio.Semaphore(_AT_ONCE)
        self.open = self.most = self.closed = 0

    async def go_on(self) -> None:
        """Keep one connection up, and do with it as is the way."""
        while True:
            async with self._making:
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
            self.open += 1
            self.most = max(self.most, self.open)
            with contextlib.suppress(OSError):
                await self._way(reader, writer)
            writer.close()
            self.open -= 1
            self.closed += 1


async def abuse(name: str, port: int, seconds: float) -> None:
    """Abuse it, and print how it was borne."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count, way = QUIET[name]
    abuser = Abuser(port, way)
    running = [asyncio.create_task(abuser.go_on()) for _ in range(count)]
    await asyncio.sleep(seconds)
    print(f"{abuser.most} open at once, {abuser.closed} closed by the server")
    for each in running:
        each.cancel()
    await asyncio.wait(running)


if __name__ == "__main__":
    asyncio.run(abuse(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
