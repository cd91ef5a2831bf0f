"""A server of a test's own inside the running event loop."""

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class AsyncServer(ABC):
    """Serves each connection on a task of its own, from the start to the end of a block.

    A connection that its client breaks, or that is open when the block ends, is dropped in silence.
    """

    def __init__(self) -> None:
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it is, as a line to Asterisk is told it."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/ari"

    @abstractmethod
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, and return when there is nothing more to do."""

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            writer.close()
            self._tasks.discard(task)
