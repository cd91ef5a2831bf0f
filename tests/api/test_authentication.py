"""The signature of a request, over HTTP."""

import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callkeeper import signing
from callkeeper.clock import HandClock
from callkeeper.usecases.keys import TRUSTED_MS, OpenKey, revoke
from tests.house import VDN, House
from tests.signed import CONTENT_TYPE
from tests.store.orders import making

NOW = 1_747_310_400_000
PATH = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
BODY = b'{"offset":0,"limit":10}'
WINDOW = 900_000


def sign(house: House, **otherwise: Any) -> str:
    """Return the Authorization of a list request, but for what is to be otherwise."""
    key: OpenKey = otherwise.pop("key", house.key)
    request: dict[str, Any] = {
        "at": signing.timestamp(house.now()),
        "method": "POST",
        "path": PATH,
        "headers": {"host": house.url.removeprefix("http://")},
        "body": BODY,
    }
    return signing.authorize(key.ak, key.secret, **(request | otherwise))


def send(
    house: House,
    authorization: str | None,
    *more: tuple[str, str],
    url: str = PATH,
    content: bytes = BODY,
) -> httpx2.Response:
    headers = [("content-type", CONTENT_TYPE), *more]
    if authorization is not None:
        headers.append(("authorization", authorization))
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return house.http.post(house.url + url, content=content, headers=raw)


def refusal(response: httpx2.Response) -> str:
    """Return why a request was not let in, which it must not have been."""
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "auth-v2"
    answer: dict[str, str] = response.json()
    assert set(answer) == {"returnCode", "resultCode", "resultDesc", "returnDesc"}
    assert answer["resultCode"] == answer["returnCode"] == "0200001"
    assert answer["resultDesc"] == answer["returnDesc"]
    return answer["resultDesc"]


def is_let_in(response: httpx2.Response) -> bool:
    return response.status_code == 200 and response.json()["resultCode"] == "0200000"


def test_a_signed_request_is_let_in(any_house: House) -> None:
    assert is_let_in(send(any_house, sign(any_house)))


def test_a_request_without_a_signature_is_not(shared_house: House) -> None:
    assert "'authorization' is missing" in refusal(send(shared_house, None))


@pytest.mark.parametrize(
    "value",
    ["", "Bearer abc", "Basic QTpC", "auth-v2", "auth-v2/a/b/c/d", "auth-v2/a/b/c/d/e", "/" * 4],
)
def test_a_header_that_is_no_signature_is_not_let_in(shared_house: House, value: str) -> None:
    refusal(send(shared_house, value))


@pytest.mark.parametrize(
    "otherwise",
    [
        {"body": BODY + b" "},
        {"body": b""},
        {"path": PATH.replace("list", "delete")},
        {"path": PATH.replace("25", "26")},
        {"path": PATH + "/"},
        {"method": "PUT"},
        {"method": "GET"},
        {"headers": {"host": "elsewhere:28443"}},
        {"query": [("offset", "0")]},
    ],
)
def test_a_signature_for_another_request_is_refused(
    shared_house: House, otherwise: dict[str, Any]
) -> None:
    said = refusal(send(shared_house, sign(shared_house, **otherwise)))
    assert "does not match" in said


def test_a_query_that_was_not_signed_is_refused(shared_house: House) -> None:
    refusal(send(shared_house, sign(shared_house), url=f"{PATH}?limit=1"))


@pytest.mark.parametrize("query", ["a=1", "b=2&a=1", "name=a%20b%2Fc&empty=", "q=a+b&q=c", "bare"])
def test_a_query_that_was_signed_is_let_in(shared_house: House, query: str) -> None:
    pairs = httpx2.QueryParams(query).multi_items()
    response = send(shared_house, sign(shared_house, query=pairs), url=f"{PATH}?{query}")
    assert is_let_in(response)


def test_a_wrong_signature_is_refused(shared_house: House) -> None:
    right = sign(shared_house)
    last = "0" if right[-1] != "0" else "1"
    for wrong in (right[:-1] + last, right[:-1], right + "0", right[:-64] + "é" * 64):
        refusal(send(shared_house, wrong))


def test_a_signature_in_upper_case_is_refused(shared_house: House) -> None:
    prefix, _, signature = sign(shared_house).rpartition("/")
    assert signature != signature.upper()
    refusal(send(shared_house, f"{prefix}/{signature.upper()}"))


def test_the_secret_of_another_key_is_refused(shared_house: House) -> None:
    mixed = OpenKey(shared_house.key.ak, shared_house.issue(VDN).secret, VDN)
    refusal(send(shared_house, sign(shared_house, key=mixed)))


@pytest.mark.parametrize("ak", ["NOSUCHKEY", "", "' OR 1=1 --", "é", "A" * 4000])
def test_an_unknown_key_is_refused(shared_house: House, ak: str) -> None:
    unknown = OpenKey(ak, "secret", VDN)
    assert "unknown or revoked" in refusal(send(shared_house, sign(shared_house, key=unknown)))


@pytest.mark.parametrize("off", [-WINDOW, -1000, 0, 1, WINDOW])
@pytest.mark.parametrize("milliseconds", [True, False])
def test_a_clock_inside_the_window_is_let_in(
    shared_house: House, off: int, *, milliseconds: bool
) -> None:
    at = signing.timestamp(NOW + off, milliseconds=milliseconds)
    assert is_let_in(send(shared_house, sign(shared_house, at=at)))


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (-WINDOW - 1, "15 min 1 s ago"),
        (WINDOW + 1, "15 min 1 s ahead"),
        (-(10**12), "11574 d 1 h ago"),
    ],
)
def test_a_clock_outside_the_window_is_refused(shared_house: House, off: int, words: str) -> None:
    said = refusal(send(shared_house, sign(shared_house, at=signing.timestamp(NOW + off))))
    assert f"signed {words}, at most 15 min is allowed; check the clock" in said


@pytest.mark.parametrize("at", ["2025-05-15T12:00:00", "now", "", "0000-00-00T00:00:00Z"])
def test_a_timestamp_that_is_none_is_refused(shared_house: House, at: str) -> None:
    assert "timestamp" in refusal(send(shared_house, sign(shared_house, at=at)))


def test_a_clock_window_can_be_set(tmp_path: Path) -> None:
    with House(tmp_path, clock=HandClock(NOW), clock_window_seconds=1) as house:
        assert is_let_in(send(house, sign(house, at=signing.timestamp(NOW - 1000))))
        refusal(send(house, sign(house, at=signing.timestamp(NOW - 1001))))


def test_the_three_headers_of_the_current_form_are_let_in(shared_house: House) -> None:
    signed = {
        "content-length": str(len(BODY)),
        "content-type": CONTENT_TYPE,
        "host": shared_house.url.removeprefix("http://"),
    }
    for empty_query_line in (False, True):
        how: dict[str, Any] = {"headers": signed, "empty_query_line": empty_query_line}
        assert is_let_in(send(shared_house, sign(shared_house, **how)))


def test_a_signed_header_that_came_otherwise_is_refused(shared_house: House) -> None:
    host = shared_house.url.removeprefix("http://")
    signed = {"content-type": "application/json", "host": host}
    refusal(send(shared_house, sign(shared_house, headers=signed)))


def test_an_empty_query_line_is_let_in(shared_house: House) -> None:
    assert is_let_in(send(shared_house, sign(shared_house, empty_query_line=True)))


@pytest.mark.parametrize(
    ("signed", "sent", "words"),
    [
        ({"host": None, "x-once": "1"}, [("x-once", "1")], "must include host"),
        ({"authorization": "x"}, [], "cannot be signed"),
        ({"x-absent": "1"}, [], "'x-absent' is missing"),
        ({"x-twice": "1"}, [("x-twice", "1"), ("x-twice", "1")], "more than once"),
        ({"": "1"}, [], "'' is missing"),
    ],
)
def test_a_list_of_signed_headers_that_cannot_be_is_refused(
    shared_house: House, signed: dict[str, str], sent: list[tuple[str, str]], words: str
) -> None:
    headers = {"host": shared_house.url.removeprefix("http://")} | signed
    headers = {name: value for name, value in headers.items() if value is not None}
    authorization = sign(shared_house, headers=headers)
    assert words in refusal(send(shared_house, authorization, *sent))


def test_two_authorizations_are_refused(shared_house: House) -> None:
    value = sign(shared_house)
    said = refusal(send(shared_house, value, ("authorization", value)))
    assert "more than once" in said


def test_a_revoked_key_is_refused_within_two_seconds(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    with House(tmp_path, clock=clock) as house:
        assert is_let_in(send(house, sign(house)))
        assert revoke(house.store, clock, house.key.ak)
        clock.move(TRUSTED_MS)
        assert "revoked" in refusal(send(house, sign(house)))


def test_a_key_issued_after_it_was_first_refused_is_let_in_within_two_seconds(
    tmp_path: Path,
) -> None:
    clock = HandClock(NOW)
    with House(tmp_path, clock=clock) as house:
        late = house.seal.seal("late secret", "LATE", VDN)
        key = OpenKey("LATE", "late secret", VDN)
        refusal(send(house, sign(house, key=key)))
        stored = house.store.keys.get(house.key.ak)
        assert stored is not None
        with house.store.transaction():
            house.store.keys.change(making(type(stored)("LATE", VDN, late, None, NOW, None)))
        clock.move(TRUSTED_MS)
        assert is_let_in(send(house, sign(house, key=key)))


def test_a_key_of_another_vdn_is_refused(any_house: House) -> None:
    other = any_house.issue(VDN + 1)
    said = refusal(send(any_house, sign(any_house, key=other)))
    assert "does not belong to VDN 25" in said


@pytest.mark.parametrize("vdn", [1, VDN, 9999])
def test_a_key_for_all_vdns_is_let_in_everywhere(shared_house: House, vdn: int) -> None:
    key = shared_house.issue(None)
    assert is_let_in(shared_house.post("list", {"offset": 0, "limit": 1}, vdn=vdn, key=key))


def test_the_signature_is_checked_before_the_path(shared_house: House) -> None:
    refusal(send(shared_house, None, url=PATH.replace("25", "abc")))


def test_the_path_is_checked_before_the_vdn_of_the_key(shared_house: House) -> None:
    response = shared_house.post("list", {}, vdn=10000, key=shared_house.issue(26))
    assert (response.status_code, response.json()["resultCode"]) == (200, "0200001")


def test_the_vdn_of_the_key_is_checked_before_the_body(shared_house: House) -> None:
    refusal(shared_house.post("list", b"no JSON", key=shared_house.issue(26)))


@pytest.mark.parametrize("empty_query_line", [False, True])
def test_a_large_body_is_checked_to_its_last_byte(
    shared_house: House, *, empty_query_line: bool
) -> None:
    body = b'{"offset":0,"limit":10,"more":"%b"}' % ("\u00e9" * 100_000).encode()
    authorization = sign(shared_house, body=body, empty_query_line=empty_query_line)
    assert is_let_in(send(shared_house, authorization, content=body))
    other = body[:-3] + b'x"}'
    assert len(other) == len(body)
    assert "does not match" in refusal(send(shared_house, authorization, content=other))


@pytest.mark.parametrize("around", ["", " ", "\t", "  \t "])
def test_blanks_around_a_signed_value_are_not_part_of_it(shared_house: House, around: str) -> None:
    host = shared_house.url.removeprefix("http://")
    headers = {"host": host, "x-note": f"{around}a b{around}"}
    alone = sign(shared_house, headers={"host": host, "x-note": "a b"})
    assert sign(shared_house, headers=headers) == alone
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nX-Note:{around}a b{around}\r\n"
        f"Authorization: {alone}\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    )
    name, port = host.split(":")
    with socket.create_connection((name, int(port)), timeout=10) as connection:
        connection.sendall(request.encode() + BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
