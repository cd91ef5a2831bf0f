"""Whatever is wrong on the way to the provider and back: nobody is let in, and a page says so."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey
from structlog.testing import capture_logs

from callkeeper.clock import HandClock, monotonic
from callkeeper.console.id_token import Keys
from callkeeper.console.provider import ANSWER_BYTES_MAX, Client, ProviderAway
from callkeeper.console.provider import Provider as ProviderAsked
from callkeeper.console.sign_in import TRIES_AT_ONCE, TRIES_PER_SECOND
from callkeeper.console.sign_on import BACK, BEGIN, BEGUN_MS, COOKIE
from tests.console.sign_on.oidc import CLIENT, SECRET, Provider, ec_key
from tests.console.sign_on.way import Way, refused_with_why, served, somebody, tied
from tests.house import House

MINUTE = 60_000


WRONG: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "of another"},
    "no nonce": {"nonce": None},
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "another"},
    "another among audiences": {"aud": ["another", "others"]},
    "several audiences and no party": {"aud": [CLIENT, "another"]},
    "another party": {"aud": [CLIENT, "another"], "azp": "another"},
    "expired": {"exp": 1_700_000_000},
    "no end": {"exp": None},
    "an end in words": {"exp": "tomorrow"},
    "of the future": {"iat": 9_999_999_999},
    "not yet": {"nbf": 9_999_999_999},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject with a line end": {"sub": "a\nb"},
    "a long subject": {"sub": "x" * 256},
    "a number": {"sub": 5},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_token_that_is_not_for_us_lets_nobody_in(
    house: House, provider: Provider, case: str
) -> None:
    tied(house, somebody(provider))
    provider.claims |= WRONG[case]
    refused_with_why(Way(house))


@pytest.mark.parametrize("agent", ["x" * 101, "a\x00b"], ids=["long", "no text"])
def test_an_account_that_cannot_be_one_here_lets_nobody_in(
    granting: House, provider: Provider, agent: str
) -> None:
    somebody(provider)
    provider.claims |= {"preferred_username": agent, "realm": {"groups": ["agents"]}}
    way = Way(granting)
    assert "agent" in refused_with_why(way)
    assert COOKIE not in way.cookies


def test_a_token_that_is_signed_by_nobody_or_by_what_all_know_lets_nobody_in(
    house: House, provider: Provider
) -> None:
    tied(house, somebody(provider))
    public = json.dumps(provider.published[0].as_dict(private=False))
    provider.alg, provider.key = "HS256", OctKey.import_key(public.encode().hex())
    assert "'HS256'" in refused_with_why(Way(house))
    provider.alg = "none"
    assert "'none'" in refused_with_why(Way(house))


def test_a_token_that_is_signed_by_another_key_of_the_same_name_lets_nobody_in(
    house: House, provider: Provider
) -> None:
    tied(house, somebody(provider))
    provider.key = ec_key()
    assert "BadSignature" in refused_with_why(Way(house))


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_tokens_may_be_signed_by_rsa(house: House, provider: Provider, alg: str) -> None:
    tied(house, somebody(provider))
    key = RSAKey.generate_key(2048, {"kid": alg})
    provider.published.append(key)
    provider.key, provider.alg, provider.kid = key, alg, alg
    way = Way(house)
    assert way.go().status_code == 303, way.text
    provider.published.remove(key)


def test_a_key_that_is_new_is_fetched_and_not_too_often(
    house: House, provider: Provider, clock: HandClock
) -> None:
    tied(house, somebody(provider))
    assert Way(house).go().status_code == 303
    provider.asked.clear()
    clock.move(MINUTE)
    old = provider.published[0]
    provider.key = provider.published[0] = ec_key("two")
    provider.kid = "two"
    assert Way(house).go().status_code == 303
    assert provider.asked.count("/keys") == 1
    assert "/.well-known/openid-configuration" not in provider.asked
    # One that the provider has not is not asked for again and again.
    provider.kid = "three"
    for _ in range(3):
        refused_with_why(Way(house))
    assert provider.asked.count("/keys") == 1
    provider.key = provider.published[0] = old


def test_a_token_without_the_name_of_a_key_is_by_the_only_one(
    house: House, provider: Provider
) -> None:
    tied(house, somebody(provider))
    provider.kid = None
    assert Way(house).go().status_code == 303


def test_who_stole_a_way_back_does_not_come_in_by_it_nor_who_has_none(
    house: House, provider: Provider
) -> None:
    tied(house, somebody(provider))
    mine, thief = Way(house), Way(house)
    stolen = mine.returns_to(mine.begin())
    assert thief.look(stolen).status_code == 403  # without a cookie
    thief.begin()
    assert thief.look(stolen).status_code == 403  # with one of their own
    thief.cookies[COOKIE] = "x" + mine.cookies[COOKIE][1:]
    assert thief.look(stolen).status_code == 403
    assert "began in another window" in thief.text
    for query in ("", "?state=", "?code=x&state=%ff"):
        assert Way(house).look(f"{BACK}{query}").status_code == 403
    assert not thief.is_in
    assert mine.look(stolen).status_code == 303
    # A code is good once.
    assert mine.look(stolen).status_code == 403


def test_a_code_that_was_used_is_told_as_such(house: House, provider: Provider) -> None:
    way = Way(house)
    back = way.returns_to(way.begin())
    provider.codes.clear()
    assert way.look(back).status_code == 403
    assert "does not know this sign-in any more" in way.text


def test_whoever_takes_more_than_ten_minutes_begins_once_more(
    house: House, provider: Provider, clock: HandClock
) -> None:
    tied(house, somebody(provider))
    way = Way(house)
    back = way.returns_to(way.begin())
    clock.move(BEGUN_MS)
    assert way.look(back).status_code == 403
    assert "more than 10 minutes ago" in way.text


def test_what_the_provider_refuses_is_a_page_that_repeats_nothing_of_it(house: House) -> None:
    way = Way(house)
    state = parse_qs(urlsplit(way.begin()).query)["state"][0]
    with capture_logs() as lines:
        way.look(f"{BACK}?error=access_denied%3Cb%3E&state={state}")
    assert way.seen.status_code == 403
    assert "did not let you in" in way.text
    assert "access_denied" not in way.seen.text
    assert "access_denied" in str([each.get("why") for each in lines])
    way.begin()
    assert way.look(f"{BACK}?error=access_denied").status_code == 403
    assert "began in another window" in way.text


ANSWERS = {
    "an error": (500, b"{}"),
    "no JSON": (200, b"<html>"),
    "another kind": (200, b"[]"),
    "deep": (200, b"[" * 100_000),
    "huge": (200, b" " * (ANSWER_BYTES_MAX + 1)),
    "elsewhere": (302, b""),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_what_makes_no_sense_is_a_page(
    house: House, provider: Provider, path: str, answer: str
) -> None:
    tied(house, somebody(provider))
    provider.answers[path] = lambda: ANSWERS[answer]
    way = Way(house)
    with capture_logs() as lines:
        if "openid" in path:
            way.look(BEGIN)
        else:
            way.go()
    assert way.seen.status_code == 403
    assert "makes no sense" in way.text
    assert not way.is_in
    (told,) = [each for each in lines if each["event"] == "sign_on_refused"]
    assert told["why"]
    assert SECRET not in str(lines)


@pytest.mark.parametrize(
    "offer",
    [
        {"issuer": "https://another.example"},
        {"token_endpoint": "ftp://x/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://u:p@x/"},
        {"authorization_endpoint": "http://["},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_an_offer_that_leads_elsewhere_is_not_taken(
    house: House, provider: Provider, offer: dict[str, Any]
) -> None:
    body = json.dumps(provider.offer() | offer).encode()
    provider.answers["/.well-known/openid-configuration"] = lambda: (200, body)
    way = Way(house)
    assert way.look(BEGIN).status_code == 403
    assert "makes no sense" in way.text


def test_keys_that_are_none_are_passed_over(house: House, provider: Provider) -> None:
    tied(house, somebody(provider))
    good = provider.published[0].as_dict(private=False)
    bad: list[dict[str, Any]] = [
        {"kty": "oct", "k": "aHVzaA", "kid": "one"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one"},
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "one"},
        {"kty": "EC", "kid": "one"},
        {"kty": "AKP"},
        {},
        good | {"use": "enc"},
        good | {"alg": "ES512"},
    ]
    body = json.dumps({"keys": [*bad, good]}).encode()
    provider.answers["/keys"] = lambda: (200, body)
    way = Way(house)
    assert way.go().status_code == 303, way.text


def test_a_provider_that_is_away_is_told_with_what_else_one_can_do(
    tmp_path: Path, clock: HandClock
) -> None:
    gone = Provider(clock)
    with gone:
        pass
    with served(tmp_path, clock, gone) as house:
        way = Way(house)
        assert way.look(BEGIN).status_code == 503
        assert "does not answer just now" in way.text
        assert "Sign in with a password" in way.text


def test_a_provider_that_is_slow_is_not_waited_for(provider: Provider, clock: HandClock) -> None:
    over = threading.Event()

    def slowly() -> tuple[int, bytes]:
        over.wait(20)
        return 200, b"{}"

    provider.answers["/.well-known/openid-configuration"] = slowly

    async def ask() -> None:
        client = Client(provider.issuer, CLIENT, None, "openid", "http://127.0.0.1/")
        asked = ProviderAsked(client, clock, Keys, answer_seconds=0.2)
        with pytest.raises(ProviderAway):
            await asked.address("state", "nonce", "challenge")
        over.set()
        await asked.close()

    asyncio.run(ask())


def test_a_code_that_somebody_made_up_has_the_provider_asked_no_faster_than_a_password_is_tried(
    house: House, provider: Provider
) -> None:
    somebody(provider)
    way = Way(house)
    state = parse_qs(urlsplit(way.begin()).query)["state"][0]
    cookies, begun = dict(way.cookies), monotonic()
    for _ in range(TRIES_AT_ONCE + TRIES_PER_SECOND):
        way.cookies = dict(cookies)  # as somebody sends who keeps it
        assert way.look(f"{BACK}?state={state}&code=junk").status_code == 403
    assert monotonic() - begun > 0.8  # after a rest so many are let try at once, and then
