"""A wire to a server's port that is cut, goes dead, or loses one request or its answer."""

import asyncio

from tests.async_server import AsyncServer


class Wire(AsyncServer):
    """Carries bytes both ways.

    ``loses_request`` and ``loses_answer`` are how a request begins that is lost on its way there,
    or whose answer is lost on its way back; the connection breaks with it.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self._to = port
        self._open: set[asyncio.StreamWriter] = set()
        self.is_dead = False  # nothing comes through, and nobody is told
        self.loses_request: bytes | None = None
        self.loses_answer: bytes | None = None

    def cut(self) -> None:
        """Break every connection there is; new ones can be made."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        is_lost = asyncio.Event()
        self._open.add(back)
        try:
            there, forth = await asyncio.open_connection("127.0.0.1", self._to)
        except ConnectionError:
            back.transport.abort()
            self._open.discard(back)
            return
        self._open.add(forth)
        try:
            await asyncio.gather(
                self._request(here, forth, back, is_lost), self._answer(there, back, forth, is_lost)
            )
        finally:
            for writer in (back, forth):
                writer.transport.abort()
                self._open.discard(writer)

    async def _request(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        is_lost: asyncio.Event,
    ) -> None:
        while chunk := await source.read(65536):
            if self.loses_request and chunk.startswith(self.loses_request):
                break
            if self.loses_answer and chunk.startswith(self.loses_answer):
                is_lost.set()
            if not self.is_dead:
                target.write(chunk)
        back.transport.abort()
        target.transport.abort()

    async def _answer(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        forth: asyncio.StreamWriter,
        is_lost: asyncio.Event,
    ) -> None:
        while chunk := await source.read(65536):
            if is_lost.is_set():
                break
            if not self.is_dead:
                target.write(chunk)
        forth.transport.abort()
        target.transport.abort()
