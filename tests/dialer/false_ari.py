"""Something that listens where Asterisk's ARI should be, and answers as it likes."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1

from callkeeper.dialer.line.ari import AriLine
from tests.async_server import AsyncServer

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455's
_LONG, _LONGEST = 126, 127
_TWO_BYTES = 1 << 16

Answer = tuple[int, bytes, str]  # status, body, content type
JSON = "application/json"
NOTHING: Answer = (204, b"", JSON)
GONE: Answer = (404, b'{"message":"Channel not found"}', JSON)
_PLACES = "POST /ari/channels/"


def well(request: str) -> Answer:
    """Answer as an Asterisk on which every call is made, and none is found any more."""
    method, _, path = request.partition(" ")
    name = path.partition("?")[0].rpartition("/")[2]
    if request.startswith(_PLACES):
        return 200, json.dumps({"id": name, "state": "Down"}).encode(), JSON
    if path.startswith("/ari/endpoints/"):
        return 200, b'{"state": "online"}', JSON
    if path == "/ari/asterisk/info":
        return 200, b'{"system": {"version": "22.10.1"}}', JSON
    return GONE if method == "GET" else NOTHING


def told(channel_id: str, **fields: object) -> str:
    """Return ARI's message on the end of a channel."""
    channel = {"id": channel_id, "state": "Up"}
    return json.dumps({"type": "ChannelDestroyed", "channel": channel} | fields)


class FalseAri(AsyncServer):
    """Answers every request by ``answers``, and says all of ``messages`` to each new socket.

    ``holds``: requests that begin with it are kept waiting until ``let_go`` is set.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__()
        self.messages = messages
        self.answers: Callable[[str], Answer] = well
        self.holds = "nothing"
        self.let_go = asyncio.Event()
        self.asked: list[str] = []

    def line(self) -> AriLine:
        """Return a line to it."""
        return AriLine(self.url, "callkeeper", "secret")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self._answer(reader, writer):
            pass

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request = head.partition(" HTTP/")[0]
        headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:] if line)
        await reader.readexactly(int(headers.get("content-length", 0)))
        if "sec-websocket-key" in headers:
            key = head.split("Sec-WebSocket-Key: ")[1].split("\r\n")[0]
            await self._tell(key.encode(), writer)
            await reader.read()  # until it is closed
            return False
        self.asked.append(request)
        if request.startswith(self.holds):
            await self.let_go.wait()
        status, body, kind = self.answers(request)
        length = f"Content-Length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{length}\r\n".encode() + body)
        await writer.drain()
        return True

    async def _tell(self, key: bytes, writer: asyncio.StreamWriter) -> None:
        accept = b64encode(sha1(key + _GUID, usedforsecurity=False).digest()).decode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        for message in self.messages:
            writer.write(_frame(message.encode()))
        await writer.drain()


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    if size < _LONG:
        return bytes([0x81, size]) + payload
    if size < _TWO_BYTES:
        return bytes([0x81, _LONG]) + size.to_bytes(2) + payload
    return bytes([0x81, _LONGEST]) + size.to_bytes(8) + payload
