"""HTTP below the interfaces: what is sent before anybody is known."""

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from callkeeper import signing
from callkeeper.api.protocol import HEAD_BYTES_MAX
from tests.house import VDN, House

PATH = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
BODY = b'{"offset":0,"limit":10}'
NOTHING = b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"


def signed(house: House, *extra: bytes, body: bytes = BODY) -> bytes:
    host = house.url.removeprefix("http://")
    authorization = signing.authorize(
        house.key.ak,
        house.key.secret,
        at=signing.timestamp(house.now()),
        method="POST",
        path=PATH,
        headers={"host": host},
        body=body,
    )
    head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n"
    return head.encode() + b"".join(extra)


def converse(house: House, *pieces: bytes, count: int = 1) -> list[tuple[int, dict[str, Any]]]:
    """Send pieces on one connection, and return so many answers."""
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        reader = connection.makefile("rb")
        answers = []
        for _ in range(count):
            line, length = reader.readline(), 0
            while (header := reader.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            answers.append((int(line.split()[1]), json.loads(reader.read(length))))
        return answers


@pytest.mark.parametrize("cut", [lambda at: at, lambda at: at + 5, lambda _: None])
def test_a_request_that_asks_for_an_upgrade_is_answered_without_one(
    house: House, cut: Callable[[int], int | None]
) -> None:
    length = b"Content-Length: %d\r\n\r\n" % len(BODY)
    head = signed(house, UPGRADE, length)
    whole = head + BODY
    at = cut(len(head))
    pieces = [whole] if at is None else [whole[:at], whole[at:]]
    answers = converse(house, *pieces, NOTHING, count=2)
    assert [status for status, _ in answers] == [200, 404]
    assert answers[0][1]["totalCount"] == 0


def test_the_body_of_a_request_that_asks_for_an_upgrade_is_no_request(house: House) -> None:
    hidden = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    head = signed(house, b"Content-Length: %d\r\n" % len(hidden), UPGRADE, b"\r\n", body=hidden)
    answers = converse(house, head, hidden, NOTHING, count=2)
    assert [status for status, _ in answers] == [200, 404]
    assert answers[0][1]["resultCode"] == "0200001"  # it is no JSON, and that is all


@pytest.mark.parametrize(
    "sent",
    [
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_gets_the_four_fields(house: House, sent: bytes) -> None:
    ((status, fields),) = converse(house, sent)
    assert status == 400
    assert fields.keys() == {"returnCode", "resultCode", "resultDesc", "returnDesc"}


def test_a_head_without_end_is_refused(house: House) -> None:
    piece = b"a" * 16384
    pieces = [b"GET / HTTP/1.1\r\nX: ", *[piece] * (2 * HEAD_BYTES_MAX // len(piece))]
    try:
        answers = converse(house, *pieces)
    except ConnectionError:
        return  # closed while we were still sending
    assert answers[0][0] == 400


def test_many_or_long_signed_headers_are_refused_before_they_cost_anything(house: House) -> None:
    at = signing.timestamp(house.now())
    prefix = f"auth-v2/{house.key.ak}/{at}"
    for names, host in (
        (";".join(["host"] * 2), "a"),
        (";".join(["host", *(f"x{n}" for n in range(40))]), "a"),
        ("host", ":" * 20_000),
    ):
        head = f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {prefix}/{names}/{'0' * 64}"
        ((status, _),) = converse(house, head.encode() + b"\r\nContent-Length: 0\r\n\r\n")
        assert status == 401
