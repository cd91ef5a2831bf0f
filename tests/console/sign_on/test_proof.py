"""Whoever has no password shows at the provider who they are, for what is grave."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from structlog.testing import capture_logs

from callkeeper.clock import HandClock
from callkeeper.console.provider import SKEW_MS
from callkeeper.console.sign_on import BEGIN
from callkeeper.core.instants import HOUR_MS
from callkeeper.core.people.person import Role
from callkeeper.core.people.session import PROOF_MS, Session, digest_of
from callkeeper.store.port.people import Guess
from tests.console.sign_on.oidc import Provider
from tests.console.sign_on.way import Way, person, somebody, tied
from tests.console.visitor import ADMINISTRATOR, PASSWORD, Visitor, at_work, unlike_any
from tests.house import VDN, House

PEOPLE = f"/console/{VDN}/people"
KEYS = f"/console/{VDN}/keys"
ANEW = f'href="{BEGIN}?anew=1" target="_blank"'


def keeper(house: House, provider: Provider) -> str:
    """Return the login of an administrator without a password, whom the provider lets in."""
    return tied(house, somebody(provider), ADMINISTRATOR)


def session(house: House, login: str) -> Session:
    (found,) = house.store.sessions.of(login)
    return found


def invites(visitor: Visitor, **typed: str) -> int:
    """Do something grave, and return how it is answered."""
    return visitor.send(
        PEOPLE, {"login": unlike_any(), "name": "", "kind": "supervisor"} | typed
    ).status


def seconds(house: House) -> int:
    return house.now() // 1000


SAID: dict[str, Callable[[int], Any]] = {
    "nothing": lambda _: None,
    "words": str,
    "a bool": lambda _: True,
    "no whole number": float,
    "a list": lambda now: [now],
    "before all time": lambda _: -1,
    "a time to come": lambda now: now + SKEW_MS // 1000 + 1,
    "the end of time": lambda _: 10**30,
}


@pytest.mark.parametrize("said", SAID)
def test_a_token_that_does_not_say_when_proves_nothing(
    house: House, provider: Provider, said: str
) -> None:
    login = keeper(house, provider)
    provider.claims["auth_time"] = SAID[said](seconds(house))
    way = Way(house)
    assert way.go().status_code == 303, way.text
    assert session(house, login).proven_at is None
    assert invites(way.visitor) == 422


def test_what_a_token_says_proves_who_somebody_is_for_a_quarter_of_an_hour(
    house: House, provider: Provider, clock: HandClock
) -> None:
    login = keeper(house, provider)
    provider.claims["auth_time"] = seconds(house) - 60
    way = Way(house)
    way.go()
    assert session(house, login).proven_at == (seconds(house) - 60) * 1000
    assert ANEW not in way.visitor.look(PEOPLE).seen.text
    clock.move(PROOF_MS - 61_000)
    assert invites(way.visitor) == 200
    clock.move(2_000)
    assert invites(way.visitor) == 422
    assert ANEW in way.visitor.look(PEOPLE).seen.text


def test_a_clock_that_is_ahead_proves_nobody_for_longer(house: House, provider: Provider) -> None:
    login = keeper(house, provider)
    provider.claims["auth_time"] = (house.now() + SKEW_MS) // 1000
    Way(house).go()
    assert session(house, login).proven_at == house.now()


def test_who_signs_in_anew_is_asked_who_they_are_and_others_are_not(
    house: House, provider: Provider
) -> None:
    keeper(house, provider)
    asked = parse_qs(urlsplit(Way(house).begin(anew=True)).query)
    assert (asked["max_age"], asked["prompt"]) == (["0"], ["login"])
    for query in ("", "?anew=", "?anew=0", "?anew=no"):
        way = Way(house)
        asked = parse_qs(urlsplit(way.look(f"{BEGIN}{query}").headers["location"]).query)
        assert asked.keys().isdisjoint({"max_age", "prompt"})


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_whoever_has_no_password_is_led_to_the_provider_and_not_asked_for_one(
    house: House, provider: Provider, language: str
) -> None:
    login = keeper(house, provider)
    way = Way(house, language)
    way.go()
    visitor = way.visitor
    chinese = language == "zh-CN"
    for path, forms in (
        (PEOPLE, 1),
        (KEYS, 1),
        (f"{PEOPLE}/{tied(house, unlike_any())}", 3),
        (f"{KEYS}/{house.key.ak}", 2),
    ):
        page = visitor.look(path)
        assert (page.status, page.seen.text.count(ANEW)) == (200, forms)
        assert 'type="password"' not in page.seen.text
        assert f'value="{login}" autocomplete' not in page.seen.text
        says = "在另一个窗口中重新登录" if chinese else "Sign in anew, in another window"
        assert page.text.count(says) == forms
    assert invites(visitor) == 422
    says = "请在另一个窗口中重新登录" if chinese else "sign in anew, in another window"
    assert says in visitor.text
    assert "password again" not in visitor.text


def test_what_is_grave_is_refused_and_then_done_once_they_have_signed_in_anew(
    house: House, provider: Provider, clock: HandClock
) -> None:
    login = keeper(house, provider)
    way = Way(house)
    way.go()
    new = unlike_any()
    assert invites(way.visitor, login=new) == 422
    assert house.store.people.get(new) is None
    before = session(house, login)
    assert way.go(anew=True).status_code == 303
    after = session(house, login)  # in place of the one before
    assert after.digest != before.digest
    assert after.proven_at == seconds(house) * 1000
    assert invites(way.visitor, login=new) == 200
    assert house.store.people.get(new) is not None
    clock.move(PROOF_MS)
    assert invites(way.visitor) == 422


def test_what_is_typed_in_place_of_a_password_proves_nothing_and_is_no_guess(
    house: House, provider: Provider
) -> None:
    login = keeper(house, provider)
    way = Way(house)
    way.go()
    visitor = way.visitor
    assert invites(visitor, proof=PASSWORD) == 422
    assert "sign in anew, in another window" in visitor.text
    with house.store.transaction():
        assert house.store.guesses.note([Guess(digest_of(login), house.now())]) == [1]


def test_a_page_elsewhere_that_has_a_browser_sign_on_takes_no_proof_and_ends_no_absence(
    house: House, provider: Provider, clock: HandClock
) -> None:
    login = tied(house, somebody(provider), Role("administrator", VDN, unlike_any()))
    way = Way(house)
    assert way.go(anew=True).status_code == 303
    proven_at = session(house, login).proven_at
    way.visitor.send("/console/me/away", {"away": "1"})
    clock.move(60_000)
    for said in (seconds(house) - 3600, None, seconds(house) - SKEW_MS // 1000):
        provider.claims["auth_time"] = said
        before = session(house, login)
        assert way.go().status_code == 303
        after = session(house, login)
        assert (after.digest == before.digest, after.proven_at) == (False, proven_at)
        assert person(house, login).away_since is not None
    assert invites(way.visitor) == 200
    del provider.claims["auth_time"]
    assert way.go(anew=True).status_code == 303
    assert session(house, login).proven_at == seconds(house) * 1000
    assert person(house, login).away_since is None


def test_who_has_typed_a_password_at_the_provider_since_they_went_is_back(
    house: House, provider: Provider, clock: HandClock
) -> None:
    login = tied(house, somebody(provider), Role("agent", VDN, unlike_any()))
    way = Way(house)
    way.go()
    way.visitor.send("/console/me/away", {"away": "1"})
    clock.move(12 * HOUR_MS)
    provider.claims["auth_time"] = seconds(house) - 600
    assert Way(house).go().status_code == 303
    assert person(house, login).away_since is None


def test_what_one_person_has_proved_is_not_the_next_ones(house: House, provider: Provider) -> None:
    keeper(house, provider)
    way = Way(house)
    way.go(anew=True)
    login = keeper(house, provider)  # on a machine that people share
    assert way.go().status_code == 303
    assert session(house, login).proven_at is None
    assert invites(way.visitor) == 422


def test_a_form_of_what_is_grave_is_not_carried_out_for_who_signs_in_anew_as_another(
    house: House, provider: Provider
) -> None:
    first = keeper(house, provider)
    way = Way(house)
    way.go()
    new = unlike_any()
    assert invites(way.visitor, login=new) == 422
    shown = way.visitor.look(PEOPLE).hidden("filled_by")
    second = keeper(house, provider)
    assert way.go(anew=True).status_code == 303
    visitor = way.visitor
    assert invites(visitor, login=new, filled_by=shown) == 409
    assert f"filled in as {first}, and you are signed in as {second} now" in visitor.text
    assert house.store.people.get(new) is None


@pytest.mark.parametrize(("ago_ms", "status"), [(SKEW_MS, 303), (SKEW_MS + 1000, 403)])
def test_an_answer_from_before_they_set_out_is_not_taken(
    house: House, provider: Provider, ago_ms: int, status: int
) -> None:
    keeper(house, provider)
    provider.claims["auth_time"] = -(-(house.now() - ago_ms) // 1000)  # no time before that
    assert Way(house).go(anew=True).status_code == status


@pytest.mark.parametrize(
    ("said", "why"), [(lambda _: None, "is missing"), (lambda now: now - 3600, "is 3600 s before")]
)
def test_a_provider_that_did_not_ask_is_told_of_and_the_session_before_goes_on(
    house: House, provider: Provider, said: Callable[[int], Any], why: str
) -> None:
    login = keeper(house, provider)
    way = Way(house)
    way.go()
    before = session(house, login)
    provider.claims["auth_time"] = said(seconds(house))
    with capture_logs() as lines:
        assert way.go(anew=True).status_code == 403
    assert "did not ask you anew who you are" in way.text
    assert "You have not signed in anew" in way.text
    assert f'href="{BEGIN}?anew=1"' in way.seen.text
    assert "with a password" not in way.text
    (told,) = [each for each in lines if each["event"] == "sign_on_refused"]
    assert why in told["why"]
    assert told["subject"] == provider.claims["sub"]
    assert session(house, login) == before
    assert way.visitor.look(PEOPLE).status == 200


def test_who_strips_the_way_to_the_provider_is_still_to_show_who_they_are(
    house: House, provider: Provider
) -> None:
    login = keeper(house, provider)
    way = Way(house)
    there = urlsplit(way.begin(anew=True))
    query = [each for each in parse_qsl(there.query) if each[0] not in {"max_age", "prompt"}]
    there = there._replace(query=urlencode(query))
    provider.claims["auth_time"] = seconds(house) - 3600
    back = way.returns_to(urlunsplit(there))
    assert "anew" not in back  # what this began as is in the sealed cookie alone
    assert way.look(f"{back}&anew=0").status_code == 403
    assert not way.is_in
    assert house.store.sessions.of(login) == []


def test_who_signs_in_as_ever_is_not_held_to_it(house: House, provider: Provider) -> None:
    login = keeper(house, provider)
    provider.claims["auth_time"] = seconds(house) - 3600
    way = Way(house)
    back = way.returns_to(way.begin())
    assert way.look(f"{back}&anew=1").status_code == 303
    assert session(house, login).proven_at == (seconds(house) - 3600) * 1000
    assert invites(way.visitor) == 422


def test_what_is_shown_in_one_browser_does_not_count_in_another(
    house: House, provider: Provider
) -> None:
    login = keeper(house, provider)
    left_open, own = Way(house), Way(house)
    left_open.go()
    own.go()
    assert own.go(anew=True).status_code == 303
    assert len(house.store.sessions.of(login)) == 2
    assert invites(own.visitor) == 200
    assert invites(left_open.visitor) == 422


def test_whoever_has_a_password_types_it_however_they_came(
    house: House, provider: Provider
) -> None:
    login = unlike_any()
    subject = somebody(provider)
    at_work(house, login, ADMINISTRATOR)
    other = at_work(house, unlike_any(), ADMINISTRATOR)
    form = {"act": "tie", "subject": subject}
    assert other.send(f"{PEOPLE}/{login}", form).status == 303
    way = Way(house)
    assert way.go().status_code == 303
    visitor = way.visitor
    assert "Your own password, once more" in visitor.look(PEOPLE).text
    assert ANEW not in visitor.seen.text
    assert invites(visitor) == 422
    assert "Type your password again" in visitor.text
    assert invites(visitor, proof="not the password") == 422
    assert "this is not the password" in visitor.text
    assert invites(visitor, proof=PASSWORD) == 200
    assert "once more" not in visitor.look(PEOPLE).text


def test_a_provider_that_makes_no_sense_signs_nobody_out(
    house: House, provider: Provider, clock: HandClock
) -> None:
    keeper(house, provider)
    way = Way(house)
    way.go()
    clock.move(HOUR_MS)  # so what it offers is asked for again
    body = json.dumps(provider.offer() | {"token_endpoint": "ftp://x/"}).encode()
    provider.answers["/.well-known/openid-configuration"] = lambda: (200, body)
    assert way.look(f"{BEGIN}?anew=1").status_code == 403
    assert "You have not signed in anew" in way.text
    assert way.visitor.look(PEOPLE).status == 200
