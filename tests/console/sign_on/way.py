"""Somebody's way to the provider and back, and who they are here."""

from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx2
from structlog.testing import capture_logs

from callkeeper.clock import HandClock
from callkeeper.console.door import COOKIE as SESSION
from callkeeper.console.sign_on import BACK, BEGIN
from callkeeper.core.people.changes import TieAccount
from callkeeper.core.people.person import Person, Role, Tie
from callkeeper.usecases.invitations import add_person, change_person
from tests.console.sign_on.oidc import CLIENT, SECRET, SUBJECT, Provider
from tests.console.visitor import AGENT, Visitor, unlike_any
from tests.house import House
from tests.ports import free_port


class Way:
    """Somebody's browser on the way to the provider and back, with the cookies that it bears."""

    def __init__(self, house: House, language: str = "en") -> None:
        self.house = house
        self.language = language
        self.cookies: dict[str, str] = {}
        self.seen: httpx2.Response

    def look(self, path: str) -> httpx2.Response:
        bears = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"accept-language": self.language} | ({"cookie": bears} if bears else {})
        url = path if path.startswith("http") else f"{self.house.url}{path}"
        self.seen = self.house.http.get(url, headers=headers)
        for each in self.seen.headers.get_list("set-cookie"):
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if not self.cookies[name]:
                del self.cookies[name]
        return self.seen

    def begin(self, next_: str = "", *, anew: bool = False) -> str:
        """Set out, and return where the provider has it."""
        seen = self.look(f"{BEGIN}?next={quote_plus(next_)}{'&anew=1' if anew else ''}")
        assert seen.status_code == 303, seen.text
        return str(seen.headers["location"])

    def returns_to(self, there: str) -> str:
        """Go to the provider, and return where it sends back to."""
        back = httpx2.get(there, follow_redirects=False).headers["location"]
        assert back.startswith(f"{self.house.url}{BACK}?")
        return str(back)

    def go(self, next_: str = "", *, anew: bool = False) -> httpx2.Response:
        """Go all the way."""
        return self.look(self.returns_to(self.begin(next_, anew=anew)))

    @property
    def visitor(self) -> Visitor:
        """Whoever looks at pages, and sends forms, by the session that this browser bears."""
        visitor = Visitor(self.house, language=self.language)
        visitor.cookie = self.cookies[SESSION]
        return visitor

    @property
    def is_in(self) -> bool:
        return SESSION in self.cookies

    @property
    def text(self) -> str:
        visitor = Visitor(self.house)
        visitor.seen = self.seen
        return visitor.text


def served(tmp: Path, clock: HandClock, provider: Provider, **settings: Any) -> House:
    port = free_port()
    return House(
        tmp,
        clock=clock,
        console_url=f"http://127.0.0.1:{port}",
        sso_issuer=provider.issuer,
        sso_client=CLIENT,
        **{"sso_secret": SECRET} | settings,
        port=port,
    )


def tied(house: House, subject: str = SUBJECT, role: Role = AGENT) -> str:
    """Return the login of somebody who is tied to an account."""
    login = unlike_any()
    add_person(house.store, house.clock, login, None, role)
    issuer = house.settings.sso_issuer
    assert issuer is not None
    change_person(house.store, house.clock, login, TieAccount(Tie(issuer, subject)))
    return login


def somebody(provider: Provider) -> str:
    """Have the provider let in somebody whom nobody knows yet, and return what it calls them."""
    subject = unlike_any()
    provider.claims["sub"] = subject
    return subject


def person(house: House, login: str) -> Person:
    found = house.store.people.get(login)
    assert found is not None
    return found


def refused_with_why(way: Way, status: int = 403) -> str:
    """Go, and be refused by a page; return what the log says of it."""
    with capture_logs() as lines:
        assert way.go().status_code == status
    assert not way.is_in
    assert "Traceback" not in way.text
    (told,) = [each for each in lines if each["event"] == "sign_on_refused"]
    return str(told["why"])
