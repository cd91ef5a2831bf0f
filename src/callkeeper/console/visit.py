"""One request of a browser: who looks, in which language, and what was typed."""

import re
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from callkeeper.console.fields import unreadable
from callkeeper.core.people.person import is_login
from callkeeper.core.people.session import SignedIn
from callkeeper.core.refusal import BodyTooLarge, NoSuchPath, Refusal, TooManyRequests
from callkeeper.core.vdn import read_vdn
from callkeeper.http.head import Head
from callkeeper.http.tarpit import Visit as Turn
from callkeeper.language import named

# With this header a page asks for what has moved on it, and nobody has clicked: the number that it
# was told.
BY_ITSELF = b"x-by-itself"
FORM_BYTES_MAX = 64 * 1024
_FIELDS_MAX = 100
_ID = re.compile("[0-9A-Za-z_-]{1,64}")  # of a reservation, as the API takes it


class ForeignPost(Refusal):
    """The form was not sent from a page of this console, so nothing was changed."""


class ForeignLink(Refusal):
    """The link was not followed from a page of this console, so it leads nowhere."""


class FormTooLarge(BodyTooLarge):
    """The form is larger than 64 KiB."""


class Visit(NamedTuple):
    """A request, and who it is from; None: nobody has signed in.

    ``sent`` is the form that came with it, or what is refused of that.
    """

    request: Request
    who: SignedIn | None
    sent: bytes | Refusal = b""

    @property
    def language(self) -> str | None:
        """The person's, or their VDN's, or what the browser asks for first of what there is."""
        chosen = None if self.who is None else self.who.person.language or self.who.language
        if chosen is not None:
            return named(chosen)
        asked = Head.of(self.request.scope).get(b"accept-language", b"").decode("latin-1")
        locales = (each.partition(";")[0].strip().lower() for each in asked.split(","))
        return next((named(each) for each in locales if named(each) or _is_english(each)), None)

    @property
    def told(self) -> str | None:
        """The number that a page was told which asks by itself; None: somebody has clicked."""
        told = Head.of(self.request.scope).get(BY_ITSELF)
        return None if told is None else told.decode("latin-1")

    @property
    def here(self) -> str | None:
        """The page that was asked for, below /console/, to ask for it again; None: a form was."""
        if self.request.method != "GET":
            return None
        url = self.request.url
        page = url.path.removeprefix("/console/")
        return f"{page}?{url.query}" if url.query else page

    @property
    def vdn(self) -> int:
        """The VDN that the path names. Raise NoSuchPath."""
        vdn = read_vdn(self.request.path_params["vdn"])
        if vdn is None:
            raise no_page(self.request)
        return vdn

    @property
    def maybe_vdn(self) -> int | None:
        """The VDN that the path names; None where its page is the installation's."""
        return self.vdn if "vdn" in self.request.path_params else None

    @property
    def came_from(self) -> dict[str, int]:
        """The VDN whose menu a page of nobody's shows, as templates take it; empty: there is none.

        It is that of the page before, or of the person's first role.
        """
        if self.who is None:
            return {}
        person = self.who.person
        asked = read_vdn(self.request.query_params.get("vdn", ""))
        own = [each.vdn for each in person.roles if each.vdn is not None]
        if asked is not None and (asked in own or person.role_in(None) is not None):
            return {"vdn": asked}
        return {"vdn": own[0]} if own else {}

    @property
    def login(self) -> str:
        """The login that the path names. Raise NoSuchPath."""
        login = self.request.path_params["login"]
        if not is_login(login):
            raise no_page(self.request)
        return str(login)

    @property
    def origin(self) -> str:
        """Where the browser finds us, scheme and host, as it says with a form."""
        origin = Head.of(self.request.scope).get(b"origin", b"").decode("latin-1")
        if origin.startswith(("http://", "https://")):
            return origin
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    @property
    def id(self) -> str:
        """The reservation that the path names. Raise NoSuchPath."""
        id_ = self.request.path_params["id"]
        if not is_id(id_):
            raise no_page(self.request)
        return str(id_)

    async def wait_for(self, turn: Turn) -> None:
        """Wait for a turn, with what was sent in hand. Raise TooManyRequests."""
        try:
            await turn.pay(0 if isinstance(self.sent, Refusal) else len(self.sent))
        except TooManyRequests as refused:
            raise TooManyRequests("too many forms wait here; send yours again later") from refused

    def form(self, *, many: str | None = None) -> dict[str, str]:
        """Return what was typed, by field; all values of ``many``, with blanks between them.

        Raise ForeignPost, FormTooLarge or ParameterWrong.
        """
        if isinstance(self.sent, Refusal):
            raise self.sent
        try:
            found = parse_qs(
                self.sent.decode(),
                keep_blank_values=True,
                max_num_fields=_FIELDS_MAX,
                errors="strict",
            )
        except ValueError as error:
            raise unreadable() from error
        form = {name: values[-1].strip() for name, values in found.items()}
        return form | ({many: " ".join(found[many])} if many in found else {})


async def sent_with(request: Request) -> bytes | Refusal:
    """Return the whole form that comes with a request, or what is refused of it."""
    if not is_from_here(Head.of(request.scope)):
        return ForeignPost()
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            return FormTooLarge()
    return body


def is_id(text: str) -> bool:
    """Whether a reservation may have this id."""
    return _ID.fullmatch(text) is not None


def no_page(request: Request) -> NoSuchPath:
    """Return what is said of a path that leads to no page."""
    return NoSuchPath("there is no page at {path!r}", path=request.url.path[:200])


def is_from_here(head: Head) -> bool:
    """Whether a form was sent from a page of ours, as the browser says; who says nothing, is not.

    A browser that is too old for the first field says the second.
    """
    site = head.get(b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    try:
        origin = urlsplit(head.get(b"origin", b"").decode("latin-1")).netloc
    except ValueError:  # half of an IPv6 address, say
        return False
    return bool(origin) and origin == head.get(b"host", b"").decode("latin-1")


def is_led_from_elsewhere(head: Head) -> bool:
    """Whether a page of somebody else's has a browser ask for this; one too old says nothing."""
    return head.get(b"sec-fetch-site", b"none") not in (b"same-origin", b"none")


def _is_english(locale: str) -> bool:
    return locale.partition("-")[0] == "en"
