"""Pages in Chinese: not a word of English on them but names that are the same in any language."""

import re
from collections.abc import Callable

import pytest

from callkeeper.core.people.person import Role
from tests.console.visitor import FORM, PASSWORD, Visitor, at_work, invited, unlike_any
from tests.house import TASK, VDN, House

CHINESE = "zh-CN,zh;q=0.9,en;q=0.5"
TODAY = f"/console/{VDN}/today"

# What is called so in Chinese too; and what is data here: logins, and the name of a campaign.
NAMES = {"Callkeeper", "VDN", "SIP", "English", "UTC"}
DATA = {"ann", "bob", "newcomer", "campaign"}


@pytest.fixture(scope="module")
def ann(house: House) -> Visitor:
    return at_work(house, "ann", language=CHINESE)


def english(visitor: Visitor) -> set[str]:
    """Return the words of a page that are neither Chinese nor data."""
    assert re.search("[\u4e00-\u9fff]", visitor.text), visitor.status
    text = re.sub("[0-9A-Z]{20}", "", visitor.text).replace(visitor.seen.url.path, "")
    for key in re.findall("<kbd[^>]*>(.*?)</kbd>", visitor.seen.text):
        text = text.replace(f" {key} ", " ")  # as it stands on a keyboard
    return set(re.findall("[A-Za-z]+", text)) - NAMES - DATA


def stranger(house: House) -> Visitor:
    return Visitor(house, language=CHINESE)


STRANGERS: dict[str, Callable[[House], Visitor]] = {
    "sign in": lambda house: stranger(house).look("/console/sign-in"),
    "a wrong password": lambda house: stranger(house).sign_in("nobody", "wrong"),
    "a used link": lambda house: stranger(house).look("/console/welcome/none"),
    "a form from elsewhere": lambda house: stranger(house).send(
        "/console/sign-in", sec_fetch_site="cross-site"
    ),
    "somebody elses page": lambda house: at_work(
        house, "bob", Role("supervisor", 26), language=CHINESE
    ).look(TODAY),
}


@pytest.mark.parametrize("page", STRANGERS)
def test_a_page_for_strangers_has_no_english(house: House, page: str) -> None:
    assert english(STRANGERS[page](house)) == set()


def test_who_is_invited_is_welcomed_without_english(house: House) -> None:
    path = f"/console/welcome/{invited(house, 'newcomer').token}"
    assert english(stranger(house).look(path)) == set()
    assert english(stranger(house).send(path, {"password": "short", "again": "short"})) == set()
    assert english(stranger(house).send(path, {"password": PASSWORD, "again": ""})) == set()


@pytest.mark.parametrize(
    "path",
    [
        "/console/help",
        "/console/me",
        "/console/none",
        TODAY,
        f"/console/{VDN}/reservations/1",
    ],
)
def test_a_page_of_ones_own_has_no_english(ann: Visitor, path: str) -> None:
    assert english(ann.look(path)) == set()


@pytest.mark.parametrize("path", ["/console/people", f"/console/{VDN}/people"])
def test_a_page_of_the_office_has_no_english(house: House, path: str) -> None:
    boss = at_work(house, unlike_any(), Role("operator", None), language=CHINESE)
    known = {"somebody"}
    assert english(boss.look("/console/")) - known == set()
    form = {"login": "newer", "kind": "agent", "agent": "ann", "vdn": str(VDN)}
    assert english(boss.look(path)) - known == set()
    assert english(boss.send(path, form | {"agent": ""})) - known == set()
    assert english(boss.look(f"{path}/ann")) - known == set()
    assert english(boss.send(f"{path}/ann", {"act": "x"})) - known == set()
    campaigns = f"/console/{VDN}/campaigns"
    for place in ("", "/new", f"/{TASK}"):
        assert english(boss.look(campaigns + place)) - known <= {
            "ivr",
            "skill",
            "ID",
            "Europe",
            "Berlin",
            "IVR",
            "destinations",
            "board",
        }
    results = boss.send(f"/console/{VDN}/results", {"name": "", "below": "none"})
    assert english(results) - known == set()
    keys = path.replace("people", "keys")
    for page in (boss.look(keys), boss.send(keys, {"note": "x" * 201})):
        assert english(page) - known == set()
    secret = boss.send(keys, {"note": ""})
    assert english(secret) - known == {"AK", "SK"}
    key = boss.look(f"{keys}/{house.key.ak}")
    assert english(key) - known == set()
    assert english(boss.send(key.seen.url.path, {"per_second": "0"})) - known == set()
    deeds = boss.look(path.replace("people", "deeds"))
    assert english(deeds) - known - {"newer", "operator"} == set()
    link = boss.send(path, form | {"login": unlike_any()})
    assert link.status == 200
    assert english(link) - known == set()


def test_what_was_typed_wrong_is_told_without_english(ann: Visitor) -> None:
    form = {"old": "wrong", "new": PASSWORD, "again": PASSWORD}
    assert english(ann.send("/console/me/password", form)) == set()
    assert ann.status == 422


def test_a_reservation_is_shown_and_filed_without_english(house: House, ann: Visitor) -> None:
    path = f"/console/{VDN}/reservations/{house.reserve(userAccount='ann')}"
    assert english(ann.look(TODAY)) == set()
    assert english(ann.look(path)) == set()
    version = ann.hidden("version")
    never = {"version": version, "day": "2026-13-01", "at": "15:00"}
    assert english(ann.send(f"{path}/move", never)) == set()
    assert (
        ann.send(f"{path}/result", {"version": version, "form": FORM, "end": "00537"}).status == 303
    )
    assert english(ann.look(TODAY)) == set()
    assert "用户忙" in ann.text
    assert english(ann.look(path)) == set()
    assert "用户忙 (00537)" in ann.text
