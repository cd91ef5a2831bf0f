"""Forms that come slowly: what their sender may is asked once they are whole."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import pytest
from starlette.requests import Request

from callkeeper.console.door import COOKIE
from callkeeper.console.visit import Visit
from callkeeper.core.people.person import Role
from callkeeper.core.refusal import TooManyRequests
from callkeeper.http.tarpit import Tarpit
from tests.console.visitor import ADMINISTRATOR, OPERATOR, PASSWORD, Visitor, at_work, unlike_any
from tests.house import VDN, House

PEOPLE = "/console/people"


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


class Held:
    """A form whose server waits for its end."""

    def __init__(self, wire: socket.socket, rest: bytes) -> None:
        self._wire = wire
        self._rest = rest

    def sent(self) -> str:
        """Send the rest, and return all of the answer."""
        self._wire.sendall(self._rest)
        answer = b""
        while piece := self._wire.recv(65536):
            answer += piece
        return answer.decode()


@contextmanager
def held(visitor: Visitor, path: str, form: dict[str, str]) -> Iterator[Held]:
    """Begin to send a form."""
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: here\r\nSec-Fetch-Site: same-origin\r\n"
        f"Cookie: {COOKIE}={visitor.cookie}\r\nConnection: close\r\nExpect: 100-continue\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    where = urlsplit(visitor.house.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as wire:
        wire.sendall(head.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += wire.recv(1)
        assert answer.startswith(b"HTTP/1.1 100 "), answer
        yield Held(wire, body)


def act(operator: Visitor, login: str, **form: str) -> None:
    """Do something to somebody by a page."""
    assert operator.send(f"{PEOPLE}/{login}", form).status == 303, operator.text


def test_whoever_is_disabled_while_their_form_comes_makes_nobody(
    house: House, operator: Visitor
) -> None:
    login, backdoor = unlike_any(), unlike_any()
    leaver = at_work(house, login, OPERATOR)
    assert leaver.look(PEOPLE).status == 200
    with held(leaver, PEOPLE, {"login": backdoor, "kind": "operator", "vdn": ""}) as form:
        act(operator, login, act="disable")
        answer = form.sent()
    assert answer.startswith("HTTP/1.1 303 ")
    assert "location: /console/sign-in" in answer
    assert house.store.people.get(backdoor) is None


def test_whoever_loses_a_role_while_their_form_comes_does_nothing_by_it(
    house: House, operator: Visitor
) -> None:
    login, other = unlike_any(), unlike_any()
    keeper = at_work(house, login, ADMINISTRATOR)
    at_work(house, other, Role("agent", VDN, other))
    there = f"/console/{VDN}/people/{other}"
    with (
        held(keeper, there, {"act": "disable"}) as disabling,
        held(keeper, there, {"act": "reset"}) as resetting,
        held(keeper, f"/console/{VDN}/keys", {"note": "mine"}) as making,
    ):
        act(operator, login, act="role", kind="supervisor", vdn=str(VDN))
        answers = [each.sent() for each in (disabling, resetting, making)]
    assert [each.split()[1] for each in answers] == ["403"] * 3
    person = house.store.people.get(other)
    assert person is not None
    assert (person.disabled_at, person.has_password) == (None, True)
    assert "mine" not in {each.note for each in house.store.keys.all()}


def test_what_comes_from_whoever_has_signed_out_meanwhile_is_not_done(house: House) -> None:
    login = unlike_any()
    leaver = at_work(house, login, Role("agent", VDN, login))
    with held(leaver, "/console/me", {"name": "Another"}) as form:
        leaver.send("/console/sign-out")
        form.sent()
    person = house.store.people.get(login)
    assert person is not None
    assert person.name == login


def test_a_form_that_comes_slowly_does_what_it_says(house: House) -> None:
    login = unlike_any()
    slow = Visitor(house)
    at_work(house, login, Role("agent", VDN, login))
    with held(slow, "/console/sign-in", {"login": login, "password": PASSWORD}) as form:
        answer = form.sent()
    assert re.match(r"HTTP/1\.1 303 [^\r]*\r\n", answer)
    assert f"set-cookie: {COOKIE}=" in answer


def test_forms_that_wait_for_a_turn_hold_so_many_bytes_and_no_more() -> None:
    tarpit = Tarpit(per_second=1, at_once=1, bytes_max=100)
    scope = {"type": "http", "client": ("192.0.2.1", 1), "headers": []}

    async def wait(size: int) -> None:
        await Visit(Request(scope), None, b"x" * size).wait_for(tarpit.visit(scope))

    async def flood() -> None:
        await wait(1_000)  # there is a turn at once, so nothing waits
        waiting = asyncio.create_task(wait(40))
        await asyncio.sleep(0)
        with pytest.raises(TooManyRequests, match="too many forms wait here"):
            await wait(40)
        waiting.cancel()

    asyncio.run(flood())
