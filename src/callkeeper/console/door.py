"""The door: which session a browser bears, and how it is given one."""

from starlette.requests import Request
from starlette.responses import Response

from callkeeper.core.people.session import SignedIn
from callkeeper.http.admission import CheckVdn, serve_all
from callkeeper.usecases.people import NewSession, People

# The prefix has browsers take it from this very host alone, over TLS or a loopback.
COOKIE = "__Host-callkeeper"


class Door:
    """Knows people again by their cookies; ``check_vdn`` refuses a VDN that is not served here."""

    def __init__(self, people: People, check_vdn: CheckVdn = serve_all) -> None:
        self._people = people
        self.check_vdn = check_vdn

    async def who(self, request: Request, *, clicked: bool = True) -> SignedIn | None:
        """Return who sent a request; None for a session that has ended, or is none.

        ``clicked`` is false where nobody did: what a page asks by itself keeps no session alive.
        """
        token = request.cookies.get(COOKIE)
        return await self._people.whose(token, clicked=clicked) if token else None

    async def end(self, request: Request) -> None:
        """End the session that a browser bears, if it bears one."""
        token = request.cookies.get(COOKIE)
        if token:
            await self._people.sign_out(token)

    async def leave(self, request: Request, response: Response) -> None:
        """End the session of a browser, and have it forget that."""
        await self.end(request)
        forget(response)


def forget(response: Response) -> None:
    """Have a browser forget its session."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def let_in(response: Response, session: NewSession, now_ms: int) -> None:
    """Have a browser bear a session until it ends."""
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=max(0, (session.ends_at - now_ms) // 1000),
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",  # strict would sign people out who come from the CRM
    )
