"""What operators and their machines ask: is it up, can it work, how much does it do."""

from prometheus_client import CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callkeeper.core.refusal import DatabaseFailed
from callkeeper.desk import Desk


def routes(desk: Desk, registry: CollectorRegistry) -> list[Route]:
    """Return the routes that need no signature."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        try:
            version = await desk.schema_version()
        except DatabaseFailed as failed:
            return PlainTextResponse(f"{failed.sentence}\n", 503)
        return PlainTextResponse(f"ready, schema {version}\n")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]
