"""What the log says may be wrong with a signature that does not match."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callkeeper import signing
from callkeeper.api.contract.mistakes import TRIED_MAX, HintAllowance, Received, likely_mistake

SECRET = "k3-Secret_of_this-key-0123456789abcdefgh"
PATH = "/rest/isales/v1/openapi/campaigns/25/appoint/create"
PREFIX = "auth-v2/AK0123456789ABCDEFGH/2026-11-29T15:00:00Z/host"
BODY = json.dumps({"remark": "1 (a/b) ~ü*!", "calledNo": "1"}, ensure_ascii=False).encode()


def received(**otherwise: Any) -> Received:
    """Return a request as it came, but for what is to be otherwise."""
    as_it_came: dict[str, Any] = {
        "method": "POST",
        "path": PATH,
        "query": (),
        "signed_headers": "host",
        "headers": {"host": b"127.0.0.1:28443"},
        "body": BODY,
        "secret": SECRET,
        "prefix": PREFIX,
        "all_headers": {"host": "127.0.0.1:28443"},
    }
    return Received(**(as_it_came | otherwise))


def hint(came: Received, signature: str) -> str:
    return asyncio.run(likely_mistake(came, signature))


def text_of(request: Received) -> str:
    return request.texts()[0]


def signed(text: str, secret: str = SECRET) -> str:
    return signing.signature(signing.signing_key(secret, PREFIX), text)


@pytest.mark.parametrize(
    ("mistaken", "tells"),
    [
        ({"headers": {"host": b"127.0.0.1"}}, "the Host '127.0.0.1'"),
        ({"headers": {"host": b"localhost:28443"}}, "the Host 'localhost:28443'"),
        ({"headers": {"host": b"127.0.0.1:443"}}, "the Host '127.0.0.1:443'"),
        ({"path": f"/callkeeper{PATH}"}, f"the path '/callkeeper{PATH}'"),
        ({"path": PATH.removeprefix("/rest")}, "the path '/isales/v1"),
        ({"path": f"{PATH}/"}, f"the path '{PATH}/'"),
        ({"secret": f"{SECRET}\r"}, "the secret with a carriage return behind it"),
        ({"secret": f"{SECRET}\n"}, "the secret with a line end behind it"),
        ({"secret": f"{SECRET} "}, "the secret with a blank behind it"),
        ({"secret": f'"{SECRET}"'}, "the secret in double quotes"),
        ({"secret": SECRET[:-1]}, "the secret without its last character"),
        ({"secret": "AK0123456789ABCDEFGH"}, "the access key's id in place of its secret"),
        ({"body": b""}, "a body that is empty"),
        ({"body": BODY + b"\n"}, "a body with a line end behind it"),
        ({"body": BODY.decode().encode("latin-1")}, "written in latin-1, and sent in UTF-8"),
        ({"body": json.dumps(json.loads(BODY)).encode()}, "written as JSON in another way"),
        (
            {"body": json.dumps(json.loads(BODY), separators=(",", ":")).encode()},
            "written as JSON in another way",
        ),
    ],
)
def test_what_was_signed_in_place_of_what_came_is_named(
    mistaken: dict[str, Any], tells: str
) -> None:
    other = received(**mistaken)
    assert tells in hint(received(), signed(text_of(other), other.secret))


def test_a_body_that_a_gateway_writes_in_another_charset_is_named() -> None:
    sent = "你好".encode("gb18030")
    found = hint(received(body=sent), signed(text_of(received(body="你好".encode()))))
    assert "written in UTF-8, and sent in gb18030" in found


@pytest.mark.parametrize("header", ["x-forwarded-host", "x-original-host"])
def test_a_host_that_a_proxy_tells_of_is_tried(header: str) -> None:
    came = received(all_headers={"host": "127.0.0.1:28443", header: "pbx.example.com"})
    other = received(headers={"host": b"pbx.example.com"})
    assert "the Host 'pbx.example.com'" in hint(came, signed(text_of(other)))


def test_a_host_that_is_forwarded_as_the_standard_has_it_is_tried() -> None:
    came = received(all_headers={"forwarded": 'for=10.0.0.1;host="pbx.example.com:443", for=::1'})
    other = received(headers={"host": b"pbx.example.com:443"})
    assert "the Host 'pbx.example.com:443'" in hint(came, signed(text_of(other)))


@pytest.mark.parametrize(
    "told", [{"x-forwarded-prefix": "/any/"}, {"x-original-uri": f"/any{PATH}?x=1"}]
)
def test_a_path_that_a_proxy_tells_of_is_tried(told: dict[str, str]) -> None:
    other = received(path=f"/any{PATH}")
    found = hint(received(all_headers=told), signed(text_of(other)))
    assert f"the path '/any{PATH}'" in found


def test_a_query_that_was_not_signed_is_named() -> None:
    came = received(query=[("b", "1 2"), ("a", "3")], query_string="b=1+2&a=3")
    assert "without its query" in hint(came, signed(text_of(received())))


def test_a_query_that_was_signed_as_it_was_sent_is_named() -> None:
    came = received(query=[("b", "1 2"), ("a", "3")], query_string="b=1+2&a=3")
    as_sent = text_of(came).replace("a=3&b=1%202", "b=1+2&a=3")
    assert "a query that is not sorted" in hint(came, signed(as_sent))


def in_last_line(change: Callable[[str], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        begin, _, last = text.rpartition("\n")
        return f"{begin}\n{change(last)}"

    return changed


@pytest.mark.parametrize(
    ("respell", "tells"),
    [
        (lambda text: text.replace("%20", "+").replace("%2A", "*").replace("~", "%7E"), "Java's"),
        (
            lambda text: (
                text.replace("%28", "(").replace("%29", ")").replace("%21", "!").replace("%2A", "*")
            ),
            "encodeURIComponent",
        ),
        (lambda text: text.replace("%2F", "/"), "leaves / as it is"),
        (
            lambda text: (
                text.replace("%3A", "%3a")
                .replace("%2F", "%2f")
                .replace("%7B", "%7b")
                .replace("%7D", "%7d")
                .replace("%C3", "%c3")
                .replace("%BC", "%bc")
                .replace("%2A", "%2a")
                .replace("%2C", "%2c")
            ),
            "small letters",
        ),
        (in_last_line(lambda _: BODY.decode()), "a body that is not percent-encoded"),
        (lambda text: text.replace("127.0.0.1%3A28443", "127.0.0.1:28443"), "its colon is %3A"),
        (lambda text: text.replace("\n", "\r\n"), "lines that end with CR LF"),
        (lambda text: f"{text}\n", "a line end behind the last line"),
    ],
)
def test_another_spelling_of_the_text_is_named(respell: Callable[[str], str], tells: str) -> None:
    right = text_of(received())
    assert respell(right) != right
    assert tells in hint(received(), signed(respell(right)))


def test_another_way_to_sign_is_named() -> None:
    text = text_of(received())
    key = signing.signing_key(SECRET, PREFIX)
    of_bytes = hmac.digest(bytes.fromhex(key), text.encode(), "sha256").hex()
    in_base64 = base64.b64encode(bytes.fromhex(signed(text))).decode()
    assert "a signing key of 32 bytes" in hint(received(), of_bytes)
    assert "by the secret itself" in hint(received(), signing.signature(SECRET, text))
    assert "in capitals" in hint(received(), signed(text).upper())
    assert "in base64" in hint(received(), in_base64)


def test_the_other_reading_of_an_absent_query_is_tried_with_each() -> None:
    other = received(path=f"/api{PATH}")
    text = signing.with_empty_query_line(text_of(other))
    assert f"the path '/api{PATH}'" in hint(received(), signed(text))


def test_where_none_fits_it_says_what_to_compare() -> None:
    assert hint(received(), "0" * 64).endswith("what `callkeeper sign --explain` shows")


def test_where_none_fits_and_the_host_is_the_servers_own_a_proxy_is_suspected() -> None:
    found = hint(received(server="127.0.0.1:28443"), "0" * 64)
    assert "no usual mistake fits; the Host that came is this server's own address" in found


@settings(max_examples=25)  # each of them waits between two tries
@given(
    path=st.text(st.characters(max_codepoint=255)),
    query=st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.just("1"))),
    host=st.binary(max_size=40),
    body=st.binary(max_size=200) | st.text().map(lambda text: json.dumps(text).encode()),
    told=st.text(st.characters(max_codepoint=255)),
    theirs=st.text(st.characters(max_codepoint=255)),
)
def test_whatever_comes_there_is_an_end_to_it(
    path: str, query: list[tuple[str, str]], host: bytes, body: bytes, told: str, theirs: str
) -> None:
    names = ("forwarded", "x-forwarded-host", "x-forwarded-prefix", "x-original-uri", "host")
    came = received(
        path=path,
        query=query,
        query_string=told,
        headers={"host": host},
        body=body,
        all_headers=dict.fromkeys(names, told),
    )
    assert "no usual mistake fits" in hint(came, theirs)


def test_in_a_second_each_name_is_looked_into_once_and_few_of_them() -> None:
    ticks = 7_000
    hints = HintAllowance(lambda: ticks)
    assert [hints.take(name) for name in "aabbcdefg"] == [
        True,
        False,
        True,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    ticks += 1_000
    assert [hints.take(name) for name in "ag"] == [True, True]


def test_a_body_that_is_nested_too_deeply_to_be_written_is_looked_into_to_the_end() -> None:
    """How deep is too deep depends on who reads, on how it is written, and on Python."""

    async def hints() -> list[str]:
        bodies = [b"[" * depth + b"]" * depth for depth in range(900, 1001)]
        assert max(map(len, bodies)) <= TRIED_MAX
        # Each in a task, as a request is: below it there is next to nothing on the stack.
        return await asyncio.gather(
            *(likely_mistake(received(body=body), "0" * 64) for body in bodies)
        )

    assert all(found.startswith("no usual mistake fits") for found in asyncio.run(hints()))
