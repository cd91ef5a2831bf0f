"""Pages: what is shown to those who sign nothing, at the pace of strangers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import PAGES, Tarpit
from callkeeper.usecases.single_flight import SingleFlight

Endpoint = Callable[[Request], Awaitable[Response]]


class Page(Route):
    """A path that is answered without a signature. ``is_polled``: by machines, all the time."""

    def __init__(
        self, path: str, endpoint: Endpoint, tarpit: Tarpit, *, is_polled: bool = False
    ) -> None:
        super().__init__(path, endpoint)
        self._tarpit = tarpit
        self._is_polled = is_polled

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path only as it is spelled; a proxy may keep it in, and not know another."""
        if scope.get("raw_path", b"") != self.path.encode():
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer when it is its turn; a wrong method takes its turn elsewhere."""
        Trace.of(scope).is_polled = self._is_polled
        if scope["method"] in (self.methods or ()):
            await self._tarpit.visit(scope, PAGES).pay()
        await super().handle(scope, receive, send)


def fixed(
    make: Callable[[], bytes], media_type: str, headers: Mapping[str, str] | None = None
) -> Endpoint:
    """Return an endpoint that always answers the same, and in short to those who have it.

    What it answers is made when it is first asked for, off the event loop, once for all who wait.
    """
    made: list[tuple[bytes, dict[str, str]]] = []
    makings = SingleFlight[None]()

    def content() -> tuple[bytes, dict[str, str]]:
        told = make()
        tag = f'"{sha256(told).hexdigest()[:32]}"'
        return told, {**(headers or {}), "etag": tag, "cache-control": "no-cache"}

    async def making() -> None:
        made.append(await asyncio.to_thread(content))

    async def answer(request: Request) -> Response:
        if not made:
            await makings.outcome("content", making)
        told, shown = made[0]
        known = ",".join(request.headers.getlist("if-none-match"))
        if {"*", shown["etag"]} & {each.strip().removeprefix("W/") for each in known.split(",")}:
            return Response(status_code=304, headers=shown)
        return Response(told, media_type=media_type, headers=shown)

    return answer
