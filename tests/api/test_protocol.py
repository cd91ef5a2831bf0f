"""HTTP below the interfaces: what is sent before anybody is known."""

import asyncio
import contextlib
import gc
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from callkeeper import signing
from callkeeper.http.connections import Connections
from callkeeper.http.intake import Intake
from callkeeper.http.protocol import HEAD_BYTES_MAX, bounded
from tests.house import VDN, House
from tests.waiting import until

PATH = f"/v1/openapi/campaigns/{VDN}/appoint/list"
BODY = b'{"offset":0,"limit":10}'
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
NOTHING = b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"


def signed(house: House, *extra: bytes, body: bytes = BODY) -> bytes:
    return house.sign("POST", PATH, body).head() + b"".join(extra)


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
            answers.append((int(line.split()[1]), _decoded(reader.read(length))))
        return answers


def _decoded(body: bytes) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(body) if body.startswith(b"{") else {}
    return fields


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


@pytest.mark.parametrize("blanks", [b"", b" \t "], ids=["", "blanks"])
def test_the_body_of_a_request_that_asks_for_an_upgrade_is_no_request(
    house: House, blanks: bytes
) -> None:
    hidden = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    length = b"Content-Length: %d%b\r\n" % (len(hidden), blanks)
    head = signed(house, length, UPGRADE, b"\r\n", body=hidden)
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
def test_bytes_that_are_no_http_get_the_four_fields(house: House, sent: bytes) -> None:
    ((status, fields),) = converse(house, sent)
    assert status == 400
    assert fields.keys() == {"returnCode", "resultCode", "resultDesc", "returnDesc"}


def test_a_request_of_http_1_0_is_answered_and_its_connection_closed(house: House) -> None:
    asked = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(asked.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1))
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.split()[1] == b"200"
    assert json.loads(body)["resultCode"] == "0200000"


def test_a_head_without_end_is_refused(house: House) -> None:
    piece = b"a" * 16384
    pieces = [b"GET / HTTP/1.1\r\nX: ", *[piece] * (2 * HEAD_BYTES_MAX // len(piece))]
    try:
        answers = converse(house, *pieces)
    except ConnectionError:
        return  # closed while we were still sending
    assert answers[0][0] == 400


def test_a_head_that_arrives_at_once_is_bounded_too(house: House) -> None:
    head = b"GET /nothing HTTP/1.1\r\nHost: a\r\nX: " + b"a" * (HEAD_BYTES_MAX + 10_000)
    try:
        answers = converse(house, head + b"\r\n\r\n")
    except ConnectionError:
        return  # closed while we were still sending
    assert answers[0][0] == 400


def test_heads_are_bounded_each_for_itself_however_many_come_at_once(house: House) -> None:
    many = 3 * HEAD_BYTES_MAX // len(HEALTH)
    answers = converse(house, HEALTH * many + HEALTH[:20], HEALTH[20:], count=many + 1)
    assert {status for status, _ in answers} == {200}


def test_empty_lines_before_a_request_are_passed_over(house: House) -> None:
    ((status, _),) = converse(house, b"\r\n", b"\r\n", HEALTH)
    assert status == 200


def test_many_that_ask_for_an_upgrade_may_come_at_once(house: House) -> None:
    one = HEALTH[:-2] + UPGRADE + b"\r\n"
    assert {status for status, _ in converse(house, one * 500, count=500)} == {200}


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        NOTHING[:-2] + b"a: b\r\n" * 101 + b"\r\n",
        NOTHING[:-2] + CHUNKED + b"0\r\n" + b"a: b\r\n" * 12_000,
        NOTHING[:-2] + CHUNKED + b"0\r\na: " + b"b" * 80_000,
        NOTHING[:-2] + CHUNKED + b"1\r\nx\r\n" * 20_000,
    ],
    ids=["fields", "trailers", "a trailer", "chunks of a byte"],
)
def test_all_of_a_request_beside_its_body_is_bounded(house: House, sent: bytes) -> None:
    host, port = house.url.removeprefix("http://").split(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as connection,
        contextlib.suppress(ConnectionError),  # closed while we were still sending
    ):
        connection.sendall(sent)
        while connection.recv(65_536):  # the answer, and the end
            pass


def test_bytes_behind_a_body_are_no_head(house: House) -> None:
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
    request = signed(house, CHUNKED) + chunk + b"Host: b\r\n\r\n"
    ((status, _),) = converse(house, request)
    assert status == 200


@pytest.mark.parametrize("pause", [0, 0.001, 0.05])
def test_a_request_carried_out_is_answered_whatever_comes_behind_it(
    house: House, pause: float
) -> None:
    request = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    junk = b"}\r\n\r\n"
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        if pause:
            connection.sendall(request)
            threading.Event().wait(pause)
            connection.sendall(junk)
        else:
            connection.sendall(request + junk)
        received = b""
        with contextlib.suppress(ConnectionError):
            while piece := connection.recv(65_536):
                received += piece
    assert received.startswith(b"HTTP/1.1 200 OK")


def test_an_answer_before_a_body_that_was_to_be_asked_for_is_the_last(house: House) -> None:
    head = NOTHING[:-2] + b"Expect: 100-continue\r\nContent-Length: 300\r\n\r\n"
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head)
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    assert received.startswith(b"HTTP/1.1 404")
    assert b"connection: close" in received


def test_a_body_that_was_asked_for_leaves_the_connection_open(house: House) -> None:
    expect = b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    host, port = house.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(signed(house, expect))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100")
        connection.sendall(BODY)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(HEALTH)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_request_is_answered_before_a_broken_one_behind_it(house: House) -> None:
    request = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    broken = HEALTH[:-2] + CHUNKED + b"ZZ\r\n"
    answers = converse(house, request + broken, count=2)
    assert [status for status, _ in answers] == [200, 400]


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer before anything of a body is read."""
    await JSONResponse({}, 404)(scope, receive, send)


async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after a while."""
    await asyncio.sleep(0.3)
    await JSONResponse({})(scope, receive, send)


@contextlib.contextmanager
def served(app: ASGIApp, protocol: Any) -> Iterator[int]:
    """Serve an application, and yield the port."""
    server = uvicorn.Server(uvicorn.Config(app, http=protocol, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def impatient_port() -> Iterator[int]:
    """A server that waits a second for a request."""
    with served(nothing, bounded(Connections(10), request_seconds=1)) as port:
        yield port


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET", NOTHING + b"\r\n", NOTHING[:-2] + b"Content-Length: 1\r\n\r\nx\r\n"],
    ids=["nothing", "half a head", "an empty line", "a body after its answer"],
)
def test_a_connection_on_which_nothing_more_comes_is_closed(
    impatient_port: int, sent: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", impatient_port), timeout=30) as connection:
        for at in range(len(sent)):  # so that an answer may come before the request's end
            connection.sendall(sent[at : at + 1])
            threading.Event().wait(0.001)
        while connection.recv(4096):
            pass


@pytest.mark.parametrize("sent", [HEALTH, HEALTH * 2, HEALTH * 100 + b"GET"])
def test_of_a_connection_that_is_lost_nothing_is_kept(sent: bytes) -> None:
    protocol = bounded(Connections(10))
    with served(slowly, protocol) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=4) as connection:
            connection.sendall(sent)
            threading.Event().wait(0.1)
            until(lambda: kept(protocol))
        until(lambda: gc.collect() >= 0 and not kept(protocol))


def kept(protocol: type[Intake]) -> list[object]:
    kinds = (protocol, protocol.behind)
    return [each for each in gc.get_objects() if isinstance(each, kinds)]


def test_a_request_has_its_time_from_its_beginning_on(impatient_port: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient_port), timeout=30) as connection:
        for piece in (NOTHING[:20], NOTHING[20:]):
            threading.Event().wait(0.6)
            connection.sendall(piece)
        assert connection.recv(4096).startswith(b"HTTP/1.1 404")


def test_many_or_long_signed_headers_are_refused_before_they_cost_anything(house: House) -> None:
    at = signing.timestamp(house.now())
    prefix = f"auth-v2/{house.key.ak}/{at}"
    for names, host in (
        (";".join(["host"] * 2), "a"),
        (";".join(["host", *(f"x{n}" for n in range(40))]), "a"),
        ("host", ":" * 20_000),
    ):
        head = f"POST /rest/isales{PATH} HTTP/1.1\r\nHost: {host}\r\n"
        head += f"Authorization: {prefix}/{names}/{'0' * 64}\r\nContent-Length: 0\r\n\r\n"
        ((status, _),) = converse(house, head.encode())
        assert status == 401
