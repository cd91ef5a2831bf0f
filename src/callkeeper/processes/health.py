"""What operators and their machines ask: is it up, can it work, how much does it do."""

import asyncio
import os

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from callkeeper.api.contract.pages import Page
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.http.tarpit import Tarpit
from callkeeper.processes.gauges import ServerGauges
from callkeeper.usecases.readiness import Readiness
from callkeeper.usecases.single_flight import SingleFlight


def _of_all(registry: CollectorRegistry) -> CollectorRegistry:
    """Return the metrics of all processes that serve together; one alone has its own."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def alive(tarpit: Tarpit) -> list[Page]:
    """Return the route that tells that a process answers at all."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    return [Page("/healthz", healthz, tarpit, is_polled=True)]


def routes(async_store: AsyncStore, gauges: ServerGauges, tarpit: Tarpit) -> list[Page]:
    """Return the routes that need no signature."""
    readiness = Readiness(async_store)

    async def figures() -> bytes:
        await asyncio.sleep(0)  # until all are heard that ask just now
        await gauges.refresh(readiness)
        return generate_latest(_of_all(gauges.registry))

    # Whoever asks does not say who it is; so many who ask at once must cost little.
    counts = SingleFlight[bytes]()

    async def readyz(_request: Request) -> Response:
        found = await readiness.schema()
        if isinstance(found, DatabaseFailed):
            return PlainTextResponse(f"not ready: {found.sentence}\n", 503)
        return PlainTextResponse(f"ready, schema {found}\n")

    async def metrics(_request: Request) -> Response:
        return Response(
            await counts.outcome("figures", figures), media_type="text/plain; version=0.0.4"
        )

    return [
        *alive(tarpit),
        Page("/readyz", readyz, tarpit, is_polled=True),
        Page("/metrics", metrics, tarpit, is_polled=True),
    ]
