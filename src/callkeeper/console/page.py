"""A page as a route: who looks at it, and what is told of what was refused."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from callkeeper.clock import monotonic
from callkeeper.console.door import Door
from callkeeper.console.figures import ConsoleFigures
from callkeeper.console.press import Press, pack
from callkeeper.console.sign_in import to_sign_in
from callkeeper.console.trouble import mistake, trouble
from callkeeper.console.visit import (
    ForeignLink,
    Visit,
    is_led_from_elsewhere,
    no_page,
    sent_with,
)
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import DatabaseFailed, Refusal, WrongMethod
from callkeeper.http.head import Head
from callkeeper.http.request_facts import Trace
from callkeeper.http.tarpit import PAGES, Tarpit

Stranger = Callable[[Visit], Awaitable[Response]]
Known = Callable[[Visit, SignedIn], Awaitable[Response]]

INTERFACE = "console"


class Shown(NamedTuple):
    """A page: what shows it, and what is done when its form is sent; either may be missing.

    ``anybody``: those who have not signed in as well. ``keeps_typed``: what is sent from it after a
    session has ended, or while the database is away, is shown again, to be sent once more; so it
    has no secret. ``tells``: to show it is put on record, so no other site may ask for it, nor
    anybody for its head alone. ``listens``: a browser asks for it by itself, and nobody clicked.
    """

    path: str
    get: Stranger | Known | None = None
    post: Stranger | Known | None = None
    anybody: bool = False
    keeps_typed: bool = False
    tells: bool = False
    listens: bool = False


class ConsolePage(Route):
    """A page: finds out who looks, and tells in the page's own frame what was refused."""

    def __init__(
        self,
        page: Shown,
        press: Press,
        door: Door,
        tarpit: Tarpit,
        figures: ConsoleFigures,
    ) -> None:
        methods = [name for name, shows in (("GET", page.get), ("POST", page.post)) if shows]
        super().__init__(page.path, self.answer, methods=methods)
        if page.tells:
            self.methods = {"GET"}
        self.page = page
        self._press = press
        self._door = door
        self._tarpit = tarpit
        self._figures = figures
        self._count = figures.pages.labels(page.path).inc

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the path whatever the method: a wrong one is told in a page as well."""
        match, found = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), found

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the page, or do what is done there."""
        request = Request(scope, receive)
        response = await self.answer(request)
        pack(response, Head.of(scope))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Return what a request is answered with."""
        trace = Trace.of(request.scope)
        trace.interface = INTERFACE
        self._count()
        visit = Visit(request, None)
        trace.broken = partial(mistake, self._press, visit)
        try:
            # A form comes as slowly as its sender likes; rights are those of when it is whole.
            is_form = request.method == "POST" and self.page.post is not None
            visit = Visit(request, None, await sent_with(request) if is_form else b"")
            visit = visit._replace(who=await self._known(visit))
            trace.broken = partial(mistake, self._press, visit)  # in the person's own language
            return await self._shown(visit)
        except DatabaseFailed as failed:
            return self._away(visit, failed)
        except Refusal as refusal:
            response = trouble(self._press, visit, refusal)
            if isinstance(refusal, WrongMethod):
                response.headers["allow"] = self._allowed
            return response

    @property
    def _allowed(self) -> str:
        return ", ".join(sorted(self.methods or ()))

    async def _known(self, visit: Visit) -> SignedIn | None:
        """Return who looks; whoever has not signed in takes turns with other strangers."""
        request = visit.request
        turn = self._tarpit.visit(request.scope, PAGES)
        await visit.wait_for(turn)
        clicked = visit.told is None and not self.page.listens
        who = await self._door.who(request, clicked=clicked)
        if who is not None:
            turn.prove()
            Trace.of(request.scope).also = {"person": who.person.login}
        return who

    async def _shown(self, visit: Visit) -> Response:
        method = visit.request.method
        shows = self.page.post if method == "POST" else self.page.get
        if shows is None or method not in (self.methods or ()):
            raise WrongMethod(
                "{method} is not supported here, use {allowed}",
                method=method[:20],
                allowed=self._allowed,
            )
        if self.page.tells and is_led_from_elsewhere(Head.of(visit.request.scope)):
            raise ForeignLink
        if self.page.anybody:
            return await shows(visit)  # type: ignore[call-arg]
        if visit.who is None:
            if method == "POST" and self.page.keeps_typed and (typed := visit.form()):
                return self._kept(visit, typed, 401)
            return to_sign_in(visit.request, is_page=self.page.get is not None)
        if visit.maybe_vdn is not None:
            await self._door.check_vdn(visit.maybe_vdn)
        begun = monotonic()
        try:
            return await shows(visit, visit.who)  # type: ignore[call-arg]
        finally:
            now = monotonic()
            if method == "GET":
                self._figures.slowest.note(self.page.path, now - begun, now)

    def _away(self, visit: Visit, failed: DatabaseFailed) -> Response:
        """Return what is said while the database is away, with what was typed meanwhile."""
        response = trouble(self._press, visit, failed)
        if visit.request.method != "POST" or not self.page.keeps_typed:
            return response
        try:
            typed = visit.form()
        except Refusal as refusal:
            return trouble(self._press, visit, refusal)
        kept = self._kept(visit, typed, response.status_code, failed)
        kept.headers["retry-after"] = response.headers["retry-after"]
        return kept

    def _kept(
        self, visit: Visit, typed: Mapping[str, str], status: int, refused: Refusal | None = None
    ) -> Response:
        path = visit.request.url.path
        return self._press.page(
            visit.language,
            "kept",
            status=status,
            who=visit.who,
            path=path,
            typed=typed,
            refused=refused,
        )


class NoSuchPage(ConsolePage):
    """Whatever else is asked for below the console."""

    def __init__(self, press: Press, door: Door, tarpit: Tarpit, figures: ConsoleFigures) -> None:
        super().__init__(Shown("/console/{path:path}"), press, door, tarpit, figures)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every such path, of whatever characters."""
        is_ours = scope["path"] == "/console" or scope["path"].startswith("/console/")
        return (Match.FULL if is_ours else Match.NONE), {}

    async def _shown(self, visit: Visit) -> Response:
        raise no_page(visit.request)
