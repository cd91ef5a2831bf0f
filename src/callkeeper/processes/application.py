"""The application: its layers and its routes, as lists you can read."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from callkeeper.api.contract import docs_page
from callkeeper.api.contract.auth import Caller
from callkeeper.api.contract.interface import Interface
from callkeeper.api.contract.pages import Page
from callkeeper.api.contract.router import InterfaceLayer, Router
from callkeeper.asyncstore.store import AsyncStore
from callkeeper.console.routes import Console
from callkeeper.console.routes import routes as console_routes
from callkeeper.core.refusal import NoSuchPath, Refusal, WrongMethod
from callkeeper.http.access_log import AccessLog, Figures
from callkeeper.http.admission import Admission
from callkeeper.http.answer import refused, translator_for
from callkeeper.http.head import Head
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import Tarpit
from callkeeper.processes import health
from callkeeper.processes.gauges import ServerGauges


class Applications(NamedTuple):
    """What is served outside, and the pages where they have a listener of their own.

    ``end_streams`` ends the answers that would go on for ever.
    """

    outside: Starlette
    inside: Starlette | None
    end_streams: Callable[[], None] = lambda: None


def applications(
    interfaces: Sequence[Interface],
    admission: Admission[Caller],
    async_store: AsyncStore,
    gauges: ServerGauges,
    *,
    apart: bool,
    console: Console | None = None,
) -> Applications:
    """Return the applications; the first closes the store. ``apart``: pages are inside only.

    ``console``: what the pages for people ask, where they are served.
    """
    lifespan = _closing(async_store, console)
    figures = Figures(gauges.registry)
    for each in interfaces:
        figures.expect(each.name, each.codes)
    outside = admission.tarpit
    inside = Tarpit() if apart else outside  # no flood outside is in the way of those inside
    signed = Router(interfaces, admission)
    shown = [] if console is None else console_routes(console, outside)
    pages = [*health.routes(async_store, gauges, inside), *docs_page.routes(interfaces, inside)]

    def end_streams() -> None:
        if console is not None:
            console.streams.end()

    if not apart:
        whole = _application([*pages, *shown], figures, outside, lifespan, signed)
        return Applications(whole, None, end_streams)
    return Applications(
        _application(shown, figures, outside, lifespan, signed),
        _application(pages, figures, inside),
        end_streams,
    )


def console_alone(
    console: Console, tarpit: Tarpit, async_store: AsyncStore, gauges: ServerGauges
) -> Applications:
    """Return the pages for people, served without the API; they close the store."""
    # No flood of strangers is in the way of whoever asks whether it is alive.
    routes = [*health.alive(Tarpit()), *console_routes(console, tarpit)]
    lifespan = _closing(async_store, console)
    app = _application(routes, Figures(gauges.registry), tarpit, lifespan)
    return Applications(app, None, console.streams.end)


def _closing(async_store: AsyncStore, console: Console | None) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        if console is not None:
            await console.close()
        await async_store.close()

    return lifespan


def _application(
    routes: Sequence[BaseRoute],
    figures: Figures,
    tarpit: Tarpit,
    lifespan: Lifespan[Starlette] | None = None,
    signed: Router | None = None,
) -> Starlette:
    shows_docs = any(isinstance(route, Page) and route.path == "/docs" for route in routes)

    async def no_such_path(request: Request, _error: Exception) -> Response:
        await tarpit.visit(request.scope).pay()
        path = request.url.path[:200]
        if not shows_docs:
            return _refuse(request, NoSuchPath("there is no interface at {path!r}", path=path))
        return _refuse(
            request, NoSuchPath("there is no interface at {path!r}; see /docs", path=path)
        )

    async def wrong_method(request: Request, error: Exception) -> Response:
        await tarpit.visit(request.scope).pay()
        allowed = _allowed(error)
        method = request.method[:20]
        response = _refuse(
            request,
            WrongMethod(
                "{method} is not supported here, use {allowed}", method=method, allowed=allowed
            ),
        )
        response.headers["allow"] = allowed
        return response

    layers = [Middleware(AccessLog, figures=figures)]
    if signed is not None:
        layers.append(Middleware(InterfaceLayer, router=signed))
    app = Starlette(
        lifespan=lifespan,
        routes=routes if signed is None else [signed, *routes],
        middleware=layers,
        exception_handlers={404: no_such_path, 405: wrong_method},
    )
    # A redirect would lose the signature, and answers without the four fields.
    app.router.redirect_slashes = False
    return app


def _allowed(error: Exception) -> str:
    """Return the methods that a path has, which come with the error of a wrong one."""
    headers = error.headers if isinstance(error, HTTPException) else None
    return ", ".join(sorted((headers or {}).get("Allow", "").split(", ")))


def _refuse(request: Request, refusal: Refusal) -> Response:
    answer = refused(refusal, frozenset())
    Trace.of(request.scope).code = answer.code
    return answer.response(translator_for(Head.of(request.scope)))
