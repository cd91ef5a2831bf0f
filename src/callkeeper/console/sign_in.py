"""Signing in and out, and the first page of whoever was invited."""

from urllib.parse import quote, unquote, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from callkeeper.clock import Clock
from callkeeper.console.door import Door, let_in
from callkeeper.console.fields import chosen_password
from callkeeper.console.press import Press, lead_to
from callkeeper.console.visit import Visit
from callkeeper.core.people.person import LOGIN_MOST, login_of
from callkeeper.core.people.session import LinkRefused, SignInRefused
from callkeeper.core.refusal import ParameterWrong
from callkeeper.http.tarpit import Tarpit
from callkeeper.usecases.people import People

HOME = "/console/"
SIGN_IN = "/console/sign-in"

_SIGNING = "/console/sign-"  # in, out and on: nobody goes back there
_LEADS_AWAY = "/pop"  # to a customer, which is put on record: whoever signs in is led to the call

# How many are let try a login and a password, that are wrong, a second and at once. Right ones cost
# none of it. Less than what can be hashed; and none can wait longer than wait_ms of the core says,
# so that of all who try there are never as many as are refused (usecases/people.py).
TRIES_PER_SECOND = 10
TRIES_AT_ONCE = 10

_NEXT_MAX = 1_000  # a longer address is none of ours, and may be too long for a proxy


class SignInPages:
    """The pages of those whom we do not know yet."""

    def __init__(
        self, people: People, door: Door, press: Press, clock: Clock, *, has_sign_on: bool
    ) -> None:
        self._has_sign_on = has_sign_on
        self._people = people
        self._door = door
        self._press = press
        self._clock = clock
        self._tries = Tarpit(per_second=TRIES_PER_SECOND, at_once=TRIES_AT_ONCE)

    async def show(self, visit: Visit) -> Response:
        """Ask for login and password, or pass on whoever has signed in."""
        if visit.who is not None:
            return lead_to(own_page(visit.request.query_params.get("next")))
        return self._form(visit, next_=visit.request.query_params.get("next"))

    async def sign_in(self, visit: Visit) -> Response:
        """Let somebody in, and pass them on to where they came from."""
        form = visit.form()
        login = form.get("login", "")
        turn = self._tries.visit_as(visit.request.scope, login_of(login)[:LOGIN_MOST])
        await visit.wait_for(turn)
        try:
            session = await self._people.sign_in(login, form.get("password", ""))
        except SignInRefused as refused:
            return self._form(visit, login=login, next_=form.get("next"), refused=refused)
        turn.prove()
        await self._door.end(visit.request)  # on a machine that people share, the one before
        response = lead_to(own_page(form.get("next")))
        let_in(response, session, self._clock.now())
        return response

    async def sign_out(self, visit: Visit) -> Response:
        """End the session, and show that it has ended."""
        visit.form()
        response = lead_to(SIGN_IN)
        await self._door.leave(visit.request, response)
        return response

    async def welcome(self, visit: Visit) -> Response:
        """Show whoever was invited where to choose a password; of a used link that it was."""
        token = visit.request.path_params["token"]
        person = await self._people.link_of(token)
        if person is None:
            return self._press.page(visit.language, "used_link", status=404, who=visit.who)
        return self._press.page(
            visit.language, "welcome", who=visit.who, person=person, refused=None
        )

    async def begin(self, visit: Visit) -> Response:
        """Take the password that was chosen, and let the person in."""
        form = visit.form()
        token = visit.request.path_params["token"]
        person = await self._people.link_of(token)
        if person is None:
            return self._press.page(visit.language, "used_link", status=404, who=visit.who)
        try:
            session = await self._people.take_link(token, chosen_password(form, "password"))
        except LinkRefused:
            return self._press.page(visit.language, "used_link", status=404, who=visit.who)
        except ParameterWrong as refused:
            return self._press.page(
                visit.language,
                "welcome",
                who=visit.who,
                person=person,
                refused=refused,
            )
        response = lead_to(HOME)
        let_in(response, session, self._clock.now())
        return response

    def _form(
        self,
        visit: Visit,
        *,
        login: str = "",
        next_: str | None = None,
        refused: SignInRefused | None = None,
    ) -> Response:
        return self._press.page(
            visit.language,
            "sign_in",
            who=None,
            login=login,
            next=own_page(next_),
            refused=refused,
            has_sign_on=self._has_sign_on,
        )


def to_sign_in(request: Request, *, is_page: bool) -> Response:
    """Send whoever is not signed in to the page for that, and back afterwards.

    That is here, or the page of the form that was sent, where this shows none of its own.
    """
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if not is_page:
        here = request.url.path.rpartition("/")[0]
    return lead_to(f"{SIGN_IN}?next={quote(here, safe='/')}")


def own_page(path: str | None) -> str:
    """Return where to go on: a page of the console, for anything else may be a stranger's."""
    if path is None or len(path) > _NEXT_MAX or "\\" in path:
        return HOME
    if not path.startswith("/console/") or path.startswith(_SIGNING):
        return HOME
    page = unquote(urlsplit(path).path)
    return page.removesuffix(_LEADS_AWAY) if page.endswith(_LEADS_AWAY) else path
