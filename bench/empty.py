"""Our HTTP with an empty handler, the ceiling: same server, same protocol, same routing.

It reads the body and answers as updateResult does: no signature, no log line, no database.

    python -m bench.empty PROCESSES PORT
"""

import socket
import sys

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bench import several
from callkeeper.api.reservations import PATH
from callkeeper.core.phrase import Phrase
from callkeeper.http.answer import Answer
from callkeeper.http.connections import Connections
from callkeeper.processes.serve import Server, http_config

_ANSWER = Answer(Phrase("update success"))


class Empty:
    """An ASGI endpoint that answers well, whatever it is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, and answer."""
        await Request(scope, receive).body()
        await _ANSWER.response()(scope, receive, send)


async def ready(_request: Request) -> Response:
    """Answer that it is ready."""
    return Response()


def one(listener: socket.socket) -> None:
    """Serve a listener until told to end."""
    interfaces = (
        Route(PATH + name, Empty(), methods=["POST"]) for name in ("updateResult", "create")
    )
    routes = [*interfaces, Route("/readyz", ready)]
    Server(http_config(Starlette(routes=routes), Connections(10_000)), listener, lambda: None).run()


if __name__ == "__main__":
    several.serve(int(sys.argv[1]), int(sys.argv[2]), one)
