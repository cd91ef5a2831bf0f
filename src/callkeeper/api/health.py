"""What operators and their machines ask: is it up, can it work, how much does it do."""

import os

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callkeeper.api.tarpit import Tarpit
from callkeeper.core.refusal import DatabaseFailed
from callkeeper.desk import Desk

# Neither asks who is there, and both cost more than to be refused.
_READINESS_A_SECOND = 200
_METRICS_A_SECOND = 20


def _of_all(registry: CollectorRegistry) -> CollectorRegistry:
    """Return the metrics of all processes that serve together; one alone has its own."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return registry
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


def routes(desk: Desk, registry: CollectorRegistry) -> list[Route]:
    """Return the routes that need no signature."""
    looks = Tarpit(per_second=_READINESS_A_SECOND)
    scrapes = Tarpit(per_second=_METRICS_A_SECOND)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        await looks.wade()
        try:
            version = await desk.schema_version()
        except DatabaseFailed as failed:
            return PlainTextResponse(f"{failed.sentence}\n", 503)
        return PlainTextResponse(f"ready, schema {version}\n")

    async def metrics(_request: Request) -> Response:
        await scrapes.wade()
        return Response(generate_latest(_of_all(registry)), media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
