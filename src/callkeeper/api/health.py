"""What operators and their machines ask: is it up, can it work, how much does it do."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.desk import Desk

T = TypeVar("T")


def _of_all(registry: CollectorRegistry) -> CollectorRegistry:
    """Return the metrics of all processes that serve together; one alone has its own."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


class Shared(Generic[T]):
    """Something that is found out once for all that ask at the same time, so that many cost little.

    Neither of those that ask here has to say who it is.
    """

    def __init__(self, find_out: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._find_out = find_out
        self._under_way: asyncio.Task[T] | None = None

    async def outcome(self) -> T:
        """Return what is found out."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._find_out())
        return await asyncio.shield(self._under_way)  # whoever asked first may go away


def routes(desk: Desk, registry: CollectorRegistry) -> list[Route]:
    """Return the routes that need no signature."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readiness() -> tuple[str, int]:
        try:
            version = await desk.schema_version()
        except DatabaseFailed as failed:
            return f"{failed.sentence}\n", 503
        return f"ready, schema {version}\n", 200

    async def figures() -> bytes:
        await asyncio.sleep(0)  # until all are heard that ask just now
        return generate_latest(_of_all(registry))

    look, count = Shared(readiness), Shared(figures)

    async def readyz(_request: Request) -> Response:
        return PlainTextResponse(*await look.outcome())

    async def metrics(_request: Request) -> Response:
        return Response(await count.outcome(), media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
