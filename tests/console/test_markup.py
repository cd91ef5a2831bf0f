"""Markup in every text that a person or a program can give: shown as text, never as an element."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import pytest
from starlette.routing import compile_path

from callkeeper.api.contract.interface import Interface
from callkeeper.core.people.changes import GiveRole
from callkeeper.core.people.person import Role
from callkeeper.usecases.invitations import change_person
from tests.console.browser import FILES
from tests.console.pages import PAGES
from tests.console.visitor import OPERATOR, Visitor, at_work, invited, promise, unlike_any
from tests.house import HOUR, TASK, VDN, House
from tests.surface import interfaces

MARK = "x-mark"
MARKUP = f"'\"><{MARK}>"  # ends an attribute however it is quoted, and begins an element
AS_CALL_DATA = json.dumps({"name": MARKUP, MARKUP: MARKUP})
OF_EACH_PAGE = 5  # as many of a kind are looked at
NOT_OURS = {"/console/sign-in", "/console/sign-on", "/console/sign-on/back"}  # once one is in
FIRST = "/console/"

# What a form is filled in with beside a text that is markup.
GOOD = {"number": "66660001", "campaign": TASK, "day": "2026-12-01", "at": "15:00", "zone": "UTC"}
GOOD |= {"end": "00537", "agent": "cy", "kind": "agent", "vdn": str(VDN), "role": "agent"}
FRESH = {"login", "name", "code"}  # nobody has them yet
TAKES_TEXT = {"", "text", "search", "tel", "hidden", "password", "url", "email", "number"}


# Some of the texts that are taken as they are, and the pages that show them.
SENT = {"addCampaign name", "create callData", "create remark", "create userAccount"}
SENT |= {"modifyCampaignV2 callBackUrl", "update remark", "updateResult callId"}
TYPED = {"/console/me name", "/console/people name", "/console/{vdn}/keys note"}
TYPED |= {f"/console/{{vdn}}/{each}" for each in ("book note", "house customer_member")}
TYPED |= {f"/console/{{vdn}}/reservations/{{id}}/{each} note" for each in ("note", "result")}
WITH_TEXTS = {
    f"/console/{{vdn}}/{each}" for each in ("board", "book", "campaigns", "find", "today")
}
WITH_TEXTS |= {"/console/{vdn}/campaigns/{campaign}", "/console/{vdn}/reservations/{id}"}


class Form(NamedTuple):
    """A form of a page: where it is sent, and what it has in it as it is."""

    action: str
    method: str
    fields: dict[str, str]
    texts: list[str]
    buttons: list[tuple[str, str]]

    def sent(self, name: str, text: str) -> dict[str, str]:
        """Return what is sent when a text is typed into a field, and the others are good."""
        good = GOOD | {each: unlike_any() for each in FRESH}
        filled = {each: value or good.get(each, "") for each, value in self.fields.items()}
        button, value = self.buttons[0]  # the one that Enter presses
        return filled | {button: value, name: text}


class Read(HTMLParser):
    """A page as a browser reads it: its links, its forms, and what would be markup of ours."""

    def __init__(self, page: Visitor) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.elements: list[str] = []
        self._path = page.seen.url.path
        self._choice = ""
        self.feed(page.seen.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == MARK or MARK in given:
            self.elements.append(f"<{tag} {given}>")
        elif tag == "a":
            self.links.append(given.get("href", "").partition("#")[0])
        elif tag == "form":
            action = given.get("action") or self._path
            self.forms.append(Form(action, given.get("method", "get"), {}, [], []))
        elif self.forms:
            self._stands_in_form(tag, given)

    def _stands_in_form(self, tag: str, given: Mapping[str, str]) -> None:
        name, value, kind = (given.get(each, "") for each in ("name", "value", "type"))
        form = self.forms[-1]
        if tag == "button":
            form.buttons.append((name, value))
        elif tag in ("select", "datalist"):
            self._choice = name
        elif tag == "option":
            if self._choice and ("selected" in given or not form.fields.get(self._choice)):
                form.fields[self._choice] = value
        elif kind == "radio" and "checked" not in given:
            form.fields.setdefault(name, value)  # somebody chooses one
        elif name and (kind != "checkbox" or "checked" in given):
            form.fields[name] = value
            if tag == "textarea" or kind in TAKES_TEXT:
                form.texts.append(name)


def read(page: Visitor) -> Read:
    """Return a page as it is read; fail if a text of ours is an element there."""
    found = Read(page)
    assert found.elements == [], f"{page.seen.request.method} {page.seen.url}"
    assert page.status < 500 or page.status == 503, page.seen.url
    return found


def kind_of(link: str) -> str:
    """Return which of the pages an address leads to."""
    path = urlsplit(link).path
    return next((each.path for each in PAGES if compile_path(each.path)[0].match(path)), "")


def pages(cy: Visitor, most: int = OF_EACH_PAGE) -> Iterator[tuple[str, Read]]:
    """Yield the pages that links lead to, some of each kind."""
    waiting, seen = [FIRST], {FIRST}
    count: dict[str, int] = {}
    while waiting:
        link = waiting.pop(0)
        kind = kind_of(link)
        count[kind] = count.get(kind, 0) + 1
        if kind in FILES or kind in NOT_OURS or count[kind] > most:
            continue
        found = read(cy.look(link))
        yield link, found
        for each in found.links:
            if each.startswith("/console/") and each not in seen:
                seen.add(each)
                waiting.append(each)


@pytest.fixture(scope="module")
def cy(house: House) -> Visitor:
    """Somebody for whom there is each page."""
    visitor = at_work(house, "cy", OPERATOR)
    change_person(house.store, house.clock, "cy", GiveRole(Role("administrator", VDN, "cy")))
    for in_ms in (-HOUR, HOUR):
        promise(house, in_ms, agent="cy")
    return visitor


def texts(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the way to each text of what an interface takes."""
    for name, inner in schema.get("properties", {}).items():
        if inner.get("type") == "string":
            yield (name,)
        yield from ((name, *each) for each in texts(inner))
    if "items" in schema:
        yield from (("0", *each) for each in texts(schema["items"]))


def put(body: Any, way: tuple[str, ...], text: str) -> None:
    """Put a text where a way leads in a body; there must be something on the way."""
    *before, last = way
    for each in before:
        body = body[int(each)] if isinstance(body, list) else body.setdefault(each, {})
    body[last] = text


def example(each: Interface, house: House) -> dict[str, Any]:
    """Return what an interface may be asked, as often as one likes."""
    body = dict(deepcopy(each.example.request))
    if "appointId" in body:
        body["appointId"] = promise(house, HOUR, agent="cy")
    return body | {name: unlike_any() for name in ("name", "code") if name in body}


def asked(house: House, each: Interface) -> Iterator[str]:
    """Ask an interface for its example but for one text, each in turn; yield which were taken."""
    path = each.path.removeprefix("/rest/isales").replace("{vdn}", str(VDN))
    if "{campaign}" in path:
        body = example(each, house) | {"initStatus": 1}
        made = house.send("POST", path.removesuffix("/{campaign}"), body).json()
        path = path.replace("{campaign}", str(made["returnObject"]["id"]))
    for way in texts(each.form.schema()):
        for text in (MARKUP, AS_CALL_DATA):
            body = example(each, house)
            put(body, way, text)
            if house.send(each.method, path, body).json()["resultCode"] == "0200000":
                yield f"{each.name} {'.'.join(way)}"


def test_no_text_that_a_program_can_give_is_an_element(
    house: House, cy: Visitor, tmp_path: Path
) -> None:
    writing = [
        each for each in interfaces(tmp_path) if not each.reads and any(texts(each.form.schema()))
    ]
    taken = {told for each in writing for told in asked(house, each)}
    assert taken >= SENT
    showing = {kind_of(link) for link, _ in pages(cy, most=40) if MARKUP in cy.text}
    assert showing >= WITH_TEXTS


def test_no_text_that_a_person_can_type_is_an_element(house: House, cy: Visitor) -> None:
    invited(house, "dan")
    taken, met = set[str](), set[str]()
    for link, page in list(pages(cy)):
        met.add(kind_of(link))
        for form in page.forms:
            if form.action.endswith("/people/cy"):
                continue  # or cy takes a role from herself
            for name in form.texts:
                if cy.look(FIRST).status == 303:
                    cy.sign_in("cy")
                sent = form.sent(name, MARKUP)
                if form.method == "get":
                    read(cy.look(f"{form.action}?{urlencode(sent)}"))
                else:
                    read(cy.send(form.action, sent))
                    if cy.status in (200, 303):
                        taken.add(f"{kind_of(form.action)} {name}")
    assert taken >= TYPED
    there = {each.path for each in PAGES if each.get} - FILES - NOT_OURS
    assert there - met == {"/console/welcome/{token}"}
    showing = {kind_of(link) for link, _ in pages(cy) if MARKUP in cy.text}
    assert showing >= WITH_TEXTS


def test_nothing_in_an_address_is_an_element(cy: Visitor) -> None:
    for link, page in list(pages(cy)):
        for each in [link, *page.links]:
            _, _, path, query, _ = urlsplit(each)
            for name in (part.partition("=")[0] for part in query.split("&") if part):
                read(cy.look(f"{path}?{name}={quote(MARKUP)}"))
    for page_ in PAGES:
        before, *names = page_.path.split("{")
        if names:
            after = [each.partition("}")[2] for each in names]
            path = before + "".join(f"{quote(MARKUP, safe='')}{each}" for each in after)
            for look in (cy.look, cy.send, Visitor(cy.house).look):
                read(look(path))
