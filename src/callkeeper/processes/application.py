"""The application: its layers and its routes, as lists you can read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Lifespan

from callkeeper.api.contract import docs_page
from callkeeper.api.contract.interface import Interface
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.core.refusal import NoSuchPlace, Refusal, WrongMethod
from callkeeper.http.access_log import AccessLog, Figures
from callkeeper.http.answer import refused, translator_for
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import Tarpit
from callkeeper.processes import health


class Applications(NamedTuple):
    """What is served outside, and the pages where they have a listener of their own."""

    outside: Starlette
    inside: Starlette | None


def applications(
    interfaces: Sequence[Interface],
    async_store: AsyncStore,
    registry: CollectorRegistry,
    tarpit: Tarpit,
    *,
    apart: bool,
) -> Applications:
    """Return the applications; the first closes the store. ``apart``: pages are inside only."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async_store.begin()
        yield
        await async_store.close()

    figures = Figures(registry)
    inside = Tarpit() if apart else tarpit  # no flood outside is in the way of those inside
    signed = [Route(each.path, each, methods=[each.method]) for each in _often_first(interfaces)]
    pages = [*health.routes(async_store, registry, inside), *docs_page.routes(interfaces, inside)]
    if not apart:
        routes = [*signed, *pages]
        return Applications(_application(routes, figures, tarpit, lifespan), None)
    return Applications(
        _application(signed, figures, tarpit, lifespan),
        _application(pages, figures, inside),
    )


def _application(
    routes: Sequence[Route],
    figures: Figures,
    tarpit: Tarpit,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    shows_docs = any(route.path == "/docs" for route in routes)

    async def no_such_place(request: Request, _error: Exception) -> Response:
        await tarpit.visit(request.scope).pay()
        path = request.url.path[:200]
        if not shows_docs:
            return _refuse(request, NoSuchPlace("there is no interface at {path!r}", path=path))
        return _refuse(
            request, NoSuchPlace("there is no interface at {path!r}; see /docs", path=path)
        )

    async def wrong_method(request: Request, _error: Exception) -> Response:
        await tarpit.visit(request.scope).pay()
        allowed = ", ".join(sorted(_methods(request)))
        method = request.method[:20]
        response = _refuse(
            request,
            WrongMethod(
                "{method} is not supported here, use {allowed}", method=method, allowed=allowed
            ),
        )
        response.headers["allow"] = allowed
        return response

    app = Starlette(
        lifespan=lifespan,
        routes=routes,
        middleware=[Middleware(AccessLog, figures=figures)],
        exception_handlers={404: no_such_place, 405: wrong_method},
    )
    # A redirect would lose the signature, and answers without the four fields.
    app.router.redirect_slashes = False
    return app


def _often_first(interfaces: Sequence[Interface]) -> list[Interface]:
    """Put first what is called for every call that is made: routes are tried one after another."""
    return sorted(interfaces, key=lambda each: each.name != "updateResult")


def _methods(request: Request) -> set[str]:
    """Return the methods of all routes with this path; the router itself names the first one's."""
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _refuse(request: Request, refusal: Refusal) -> Response:
    answer = refused(refusal, frozenset())
    Trace.of(request.scope).code = answer.code
    return answer.response(translator_for(request.scope["headers"]))
