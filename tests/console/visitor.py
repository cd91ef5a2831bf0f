"""Whoever looks at pages: a browser as far as HTTP goes."""

import re
import sqlite3
from contextlib import closing
from html import unescape
from itertools import count
from typing import Any

import httpx2

from callkeeper.console.door import COOKIE
from callkeeper.core.instants import DAY_MS
from callkeeper.core.people.person import Role
from callkeeper.core.request import id_for, request_digest
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.usecases.invitations import Invited, add_person
from tests.house import TASK, VDN, House
from tests.store.orders import booked, booking

PASSWORD = "four plain words here"
FORM = "1795867200000-what-tells-a-form-apart"  # of each reservation
AGENT = Role("agent", VDN, "ann")
SUPERVISOR = Role("supervisor", VDN)
ADMINISTRATOR = Role("administrator", VDN)
OPERATOR = Role("operator", None)


class Visitor:
    """A browser with a cookie of its own, and the last page that it shows."""

    def __init__(self, house: House, *, language: str = "en") -> None:
        self.house = house
        self.cookie = ""
        self.language = language
        self.seen: httpx2.Response

    def look(self, path: str, **headers: str) -> "Visitor":
        """Load a page."""
        return self._ask("GET", path, None, headers)

    def send(self, path: str, form: dict[str, str] | None = None, **headers: str) -> "Visitor":
        """Send a form, as a page of ours does unless it is said otherwise."""
        return self._ask("POST", path, form or {}, {"sec_fetch_site": "same-origin"} | headers)

    def follow(self) -> "Visitor":
        """Go where the last answer sends."""
        return self.look(self.seen.headers["location"])

    @property
    def status(self) -> int:
        return self.seen.status_code

    @property
    def text(self) -> str:
        """What the page says, without its markup."""
        body = re.sub(r"<[^>]*>", " ", self.seen.text.partition("<body>")[2])
        return " ".join(unescape(body).split())

    def hidden(self, name: str) -> str:
        """Return the value of a field that a form has."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.seen.text)
        assert found, self.seen.text
        return unescape(found[1])

    def sign_in(self, login: str, password: str = PASSWORD) -> "Visitor":
        return self.send("/console/sign-in", {"login": login, "password": password})

    def _ask(
        self, method: str, path: str, form: dict[str, str] | None, headers: dict[str, Any]
    ) -> "Visitor":
        given = {"accept-language": self.language}
        given |= {name.replace("_", "-"): value for name, value in headers.items() if value}
        if self.cookie:
            given["cookie"] = f"{COOKIE}={self.cookie}"
        self.seen = self.house.http.request(
            method, f"{self.house.url}{path}", data=form, headers=given
        )
        for each in self.seen.headers.get_list("set-cookie"):
            value = re.match(rf"{COOKIE}=([^;]*)", each)
            if value:
                self.cookie = value[1].strip('"')
        return self


def invited(house: House, login: str, role: Role | None = AGENT, name: str = "") -> Invited:
    """Return somebody who was invited, in a role."""
    return add_person(house.store, house.clock, login, name or None, role or OPERATOR)


def at_work(house: House, login: str = "ann", role: Role = AGENT, **how: str) -> Visitor:
    """Return somebody who was invited, has chosen a password, and is signed in."""
    visitor = Visitor(house, **how)
    token = invited(house, login, role).token
    visitor.send(f"/console/welcome/{token}", {"password": PASSWORD, "again": PASSWORD})
    assert visitor.status == 303, visitor.text
    return visitor


_numbers = count(1)


def unlike_any() -> str:
    """Return a login that nobody has."""
    return f"somebody{next(_numbers)}"


def path(id_: str, act: str = "", vdn: int = VDN) -> str:
    """Return where a reservation's page is, or one of its forms is sent."""
    return f"/console/{vdn}/reservations/{id_}{act and '/'}{act}"


def promise(house: House, in_ms: int, **fields: Any) -> str:
    """Book a call of agent ann for so long from now, a day before that, and return its id."""
    number = next(_numbers)
    made_at = house.now() + min(0, in_ms) - DAY_MS
    wish: dict[str, Any] = {
        "vdn": VDN,
        "campaign_id": TASK,
        "appoint_at": house.now() + in_ms,
    } | fields
    id_ = id_for(made_at, request_digest(str(number)))
    (made,) = booked(house.store, booking(number, at=made_at, id=id_, **wish))
    return made.id


def rewrite(house: House, id_: str, statement: str) -> None:
    """Let a reservation be what only others can make of it."""
    file = house.settings.data_dir / DATABASE_FILE
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(statement, (id_,))


def standing(house: House, id_: str) -> Reservation:
    """Return a reservation as it is."""
    (found,) = house.store.reservations.with_id(id_)
    return found
