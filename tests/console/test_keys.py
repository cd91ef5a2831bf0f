"""Access keys: made, limited and revoked on pages, each as a deed of whoever did it."""

import re

import httpx2
import pytest

from callkeeper.clock import HandClock
from callkeeper.core.allowance import Allowance
from callkeeper.core.people.session import PROOF_MS
from callkeeper.store.port.access import AccessKey
from callkeeper.usecases.keys import TRUSTED_MS, OpenKey
from tests.console.visitor import ADMINISTRATOR, OPERATOR, PASSWORD, Visitor, at_work, unlike_any
from tests.house import VDN, House

KEYS = f"/console/{VDN}/keys"
ALL = "/console/keys"


@pytest.fixture(scope="module")
def keeper(house: House) -> Visitor:
    return at_work(house, "keeper", ADMINISTRATOR)


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def made(page: Visitor, vdn: int | None) -> OpenKey:
    """Return the key that a page shows."""
    assert page.status == 200, page.text
    ak = re.search(r'id="key-ak" readonly value="([^"]*)"', page.seen.text)
    secret = re.search(r'id="key-sk" readonly value="([^"]*)"', page.seen.text)
    assert ak
    assert secret
    return OpenKey(ak[1], secret[1], vdn)


def known(house: House, ak: str) -> AccessKey:
    found = house.store.keys.get(ak)
    assert found is not None
    return found


def deeds(house: House, ak: str) -> list[tuple[str, str, int | None]]:
    return [
        (each.by_whom, each.what, each.vdn)
        for each in reversed(house.store.deeds.latest(500))
        if each.subject == f"key {ak}"
    ]


def asked(house: House, key: OpenKey, vdn: int = VDN) -> httpx2.Response:
    path = f"/v1/openapi/campaigns/{vdn}/appoint/list"
    return house.send("POST", path, {"offset": 0, "limit": 1}, key=key)


def test_a_key_is_made_its_secret_shown_once_and_a_program_is_let_in(
    house: House, keeper: Visitor
) -> None:
    page = keeper.send(KEYS, {"note": "CRM, Bo Chen"})
    key = made(page, VDN)
    assert page.seen.headers["cache-control"] == "no-store"
    assert asked(house, key).json()["resultCode"] == "0200000"
    assert asked(house, key, 26).status_code == 401
    assert key.secret not in keeper.look(KEYS).seen.text
    assert f"{key.ak} CRM, Bo Chen made 2026-11-28" in keeper.text
    assert key.secret not in keeper.look(f"{KEYS}/{key.ak}").seen.text
    assert deeds(house, key.ak) == [("person keeper", "key_made", VDN)]


def test_an_operator_makes_keys_for_one_vdn_and_for_all(house: House, operator: Visitor) -> None:
    for typed, vdn in (("26", 26), ("", None)):
        key = made(operator.send(ALL, {"note": "", "vdn": typed}), vdn)
        assert (known(house, key.ak).vdn, known(house, key.ak).note) == (vdn, None)
        assert asked(house, key, 26).json()["resultCode"] == "0200000"
    assert "'x' is no VDN" in operator.send(ALL, {"vdn": "x"}).text


@pytest.mark.parametrize(
    ("note", "says"), [("x" * 201, "at most 200 fit"), ("a\x00b", "is not allowed")]
)
def test_a_note_that_cannot_be_is_refused_and_no_key_is_made(
    house: House, keeper: Visitor, note: str, says: str
) -> None:
    before = house.store.keys.all()
    refused = keeper.send(KEYS, {"note": note})
    assert (refused.status, says in refused.text) == (422, True)
    assert house.store.keys.all() == before


@pytest.mark.parametrize(
    ("rate", "burst", "allowance"),
    [
        ("2.5", "", Allowance(2.5, 3)),
        ("50", "200", Allowance(50.0, 200)),
        ("10000", "100000", Allowance(10_000.0, 100_000)),
        ("", "", None),
    ],
)
def test_a_key_is_limited(
    house: House, keeper: Visitor, rate: str, burst: str, allowance: Allowance | None
) -> None:
    ak = house.issue(VDN).ak
    form = {"act": "limit", "per_second": rate, "burst": burst}
    changed = keeper.send(f"{KEYS}/{ak}", form)
    assert changed.seen.headers["location"] == f"{KEYS}/{ak}"
    assert known(house, ak).allowance == allowance
    assert deeds(house, ak)[-1] == ("person keeper", "key_limited", VDN)
    assert f'id="burst" name="burst" type="text" value="{burst or (3 if rate else "")}"' in (
        changed.follow().seen.text
    )


@pytest.mark.parametrize(
    ("rate", "burst", "says"),
    [
        ("x", "", "write so many requests a second"),
        ("-1", "", "write so many requests a second"),
        ("nan", "", "write so many requests a second"),
        ("1e9", "", "write so many requests a second"),
        ("0", "", "is out of range: 0.01 to 10000"),
        ("10001", "", "is out of range: 0.01 to 10000"),
        ("", "5", "write so many requests a second"),
        ("5", "x", "write how many at once"),
        ("5", "0", "is out of range: 1 to 100000"),
        ("5", "100001", "is out of range: 1 to 100000"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_with_what_was_typed(
    house: House, keeper: Visitor, rate: str, burst: str, says: str
) -> None:
    form = {"act": "limit", "per_second": rate, "burst": burst}
    refused = keeper.send(f"{KEYS}/{house.key.ak}", form)
    assert (refused.status, says in refused.text) == (422, True)
    assert f'value="{rate}"' in refused.seen.text
    assert known(house, house.key.ak).allowance is None


def test_a_key_is_revoked_by_whoever_types_it_and_refused_within_two_seconds(
    house: House, clock: HandClock, keeper: Visitor
) -> None:
    key = house.issue(VDN)
    page = f"{KEYS}/{key.ak}"
    for typed in ("", "yes", house.key.ak, key.ak.lower()):
        refused = keeper.send(page, {"act": "revoke", "ak": typed})
        assert (refused.status, f"type {key.ak} to revoke" in refused.text) == (422, True)
    assert asked(house, key).status_code == 200
    assert keeper.send(page, {"act": "revoke", "ak": key.ak}).status == 303
    clock.move(TRUSTED_MS)
    assert asked(house, key).status_code == 401
    assert deeds(house, key.ak)[-1] == ("person keeper", "key_revoked", VDN)
    assert "revoked 2026-11-28" in keeper.look(KEYS).text
    assert "Revoke it" not in keeper.look(page).text
    for form in ({"act": "revoke", "ak": key.ak}, {"act": "limit", "per_second": "5"}):
        again = keeper.send(page, form)
        assert (again.status, "revoked before" in again.text) == (404, True)


def test_keys_of_others_are_not_seen_and_not_touched(house: House, keeper: Visitor) -> None:
    for vdn in (26, None):
        key = house.issue(vdn)
        before = known(house, key.ak)
        assert key.ak not in keeper.look(KEYS).seen.text
        assert keeper.look(f"{KEYS}/{key.ak}").status == 404
        for form in ({"act": "revoke", "ak": key.ak}, {"act": "limit", "per_second": "5"}):
            assert keeper.send(f"{KEYS}/{key.ak}", form).status == 404
            assert keeper.send(f"{ALL}/{key.ak}", form).status == 403
            assert keeper.send(f"/console/26/keys/{key.ak}", form).status == 403
        assert known(house, key.ak) == before


def test_a_key_is_grave_and_the_form_keeps_what_was_typed(house: House, clock: HandClock) -> None:
    chief = at_work(house, unlike_any(), ADMINISTRATOR)
    clock.move(PROOF_MS)
    before = house.store.keys.all()
    refused = chief.send(KEYS, {"note": "CRM"})
    assert (refused.status, "Type your password again" in refused.text) == (422, True)
    assert 'value="CRM"' in refused.seen.text
    assert house.store.keys.all() == before
    revoked = {"act": "revoke", "ak": house.key.ak, "proof": "wrong"}
    refused = chief.send(f"{KEYS}/{house.key.ak}", revoked)
    assert (refused.status, "this is not the password" in refused.text) == (422, True)
    assert known(house, house.key.ak).revoked_at is None
    made(chief.send(KEYS, {"note": "CRM", "proof": PASSWORD}), VDN)


@pytest.mark.parametrize("ak", ["NONE", "%00", "a%20b", "x" * 65])
def test_what_is_no_key_leads_to_no_page(keeper: Visitor, ak: str) -> None:
    assert keeper.look(f"{KEYS}/{ak}").status == 404
    assert keeper.send(f"{KEYS}/{ak}", {"act": "revoke", "ak": ak}).status == 404
