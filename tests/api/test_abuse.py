"""What strangers and bad neighbours do to a server, and a client that is served all the while."""

import json
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path

import httpx2
import pytest

from callkeeper import signing
from callkeeper.api.contract.endpoint import BODY_MAX
from callkeeper.clock import SystemClock
from callkeeper.http import tarpit
from callkeeper.http.large_bodies import LARGE, OF_ONE_KEY
from callkeeper.usecases.keys import OpenKey
from tests.durability.server import VDN, ServerProcess, send
from tests.house import House
from tests.processes import forget_peaks, peak_mib
from tests.waiting import until

PATH = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA"
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: a\r\n".encode()
IDLE = 2_000
GOOD_REQUESTS = 20
FLOOD = 128  # connections, with a MiB each
GROWTH_MIB = 96  # the most by which a server's memory may grow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        yield server


@pytest.fixture(scope="module", autouse=True)
def _files() -> Iterator[None]:
    """Room for both ends of all connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def connected(port: int, count: int, *first: bytes) -> Iterator[list[socket.socket]]:
    """Open so many connections, and send on each what an abuser begins with."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for piece in first:
                one.sendall(piece)
            made.append(one)
        yield made


def is_served(server: ServerProcess) -> bool:
    """Whether a well-behaved client has all its requests answered."""
    connection = server.connect()
    page = {"offset": 0, "limit": 10}
    answers = [send(connection, server.sign("list", page)) for _ in range(GOOD_REQUESTS)]
    connection.close()
    return [each["resultCode"] for each in answers] == ["0200000"] * GOOD_REQUESTS


@contextmanager
def bounded_memory(server: ServerProcess, mib: float = GROWTH_MIB) -> Iterator[None]:
    """Insist that neither process of a server takes much more at any moment of the block."""
    pids = (server.pid, server.writer_pid)
    forget_peaks(pids)
    before = [peak_mib(pid) for pid in pids]
    yield
    grown = [peak_mib(pid) - was for pid, was in zip(pids, before, strict=True)]
    assert max(grown) < mib, grown


def forged_head(key: OpenKey, *lines: bytes) -> bytes:
    """Return the head of a request whose signature is nobody's."""
    prefix = f"auth-v2/{key.ak}/{signing.timestamp(SystemClock().now())}/host/{'0' * 64}"
    return HEAD + b"\r\n".join([f"Authorization: {prefix}".encode(), *lines, b"", b""])


def forged(key: OpenKey, body: bytes, *lines: bytes) -> bytes:
    """Return a request whose signature is nobody's."""
    return forged_head(key, *lines, b"Content-Length: %d" % len(body)) + body


def statuses(connection: socket.socket, answers: int) -> Iterator[bytes]:
    """Yield the statuses of so many answers on one connection."""
    reader = connection.makefile("rb")
    for _ in range(answers):
        yield reader.readline().split()[1]
        length = 0
        while line := reader.readline().strip().lower():
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        reader.read(length)


def status(connection: socket.socket) -> bytes:
    (only,) = statuses(connection, 1)
    return only


def port_of(house: House) -> int:
    return int(house.url.rpartition(":")[2])


def is_closed(connection: socket.socket) -> bool:
    return connection.recv(1) == b""


@pytest.mark.parametrize(
    ("count", "first"),
    [
        (IDLE, b""),
        (200, HEAD + b"X: x"),
        (200, HEAD + b"Content-Length: 100\r\n\r\nx"),
        (200, HEAD + b"X: " + b"x" * 60_000),
    ],
    ids=["nothing", "half a head", "half a body", "a long head without end"],
)
def test_a_client_is_served_beside_connections_that_sent(
    server: ServerProcess, count: int, first: bytes
) -> None:
    assert is_served(server)
    with bounded_memory(server), connected(server.port, count, first):
        assert is_served(server)
    assert is_served(server)


def test_a_flood_of_large_bodies_takes_a_bounded_memory(server: ServerProcess) -> None:
    assert is_served(server)
    requests = cycle(forged(server.key, b" " * BODY_MAX, *more) for more in ((), (UPGRADE,)))

    def flood(connection: socket.socket, request: bytes) -> bytes:
        connection.sendall(request)
        return status(connection)

    with (
        bounded_memory(server, mib=FLOOD / 2),
        connected(server.port, FLOOD) as made,
        ThreadPoolExecutor(FLOOD) as threads,
    ):
        answering = [threads.submit(flood, *each) for each in zip(made, requests, strict=False)]
        assert is_served(server)
        assert {each.result(120) for each in answering} == {b"401", b"429"}


def test_bodies_without_end_are_in_the_way_of_large_ones_of_the_same_key_only(
    tmp_path: Path,
) -> None:
    page = json.dumps({"offset": 0, "limit": 10}).encode()
    large = page + b" " * 2 * LARGE
    with House(tmp_path) as house:
        other = house.issue(VDN)
        first = forged_head(house.key, b"Content-Length: %d" % BODY_MAX) + b" " * 2 * LARGE
        with connected(port_of(house), 2 * OF_ONE_KEY, first):
            path = f"/v1/openapi/campaigns/{VDN}/appoint/list"
            assert house.send("POST", path, large, key=other).status_code == 200
            assert house.send("POST", path, page).status_code == 200
            in_pieces = [page[:5], page[5:]]
            assert house.send("POST", path, page, pieces=in_pieces).status_code == 200
            with pytest.raises(httpx2.ReadTimeout):
                house.send("POST", path, large, timeout=0.5)


def test_every_bad_signature_is_answered_however_many_there_are(server: ServerProcess) -> None:
    stranger = OpenKey("A" * 20, "x", VDN)
    with connected(server.port, 40) as made:
        for each in made:
            each.sendall(forged(stranger, b"{}") * (tarpit.AT_ONCE // 10))
        assert is_served(server)
        for each in made:
            assert list(statuses(each, tarpit.AT_ONCE // 10)) == [b"401"] * (tarpit.AT_ONCE // 10)


def test_a_connection_too_many_takes_the_place_of_the_one_that_waited_the_longest(
    tmp_path: Path,
) -> None:
    with House(tmp_path, connections_max=20) as house:
        port = port_of(house)
        assert house.listed() == []  # its connection is kept, and is the oldest
        with connected(port, 19) as made:
            assert house.listed() == []  # and now the youngest
            with connected(port, 5):
                assert all(is_closed(each) for each in made[:5])
                assert house.listed() == []
            made[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert status(made[-1]) == b"200"


def test_one_that_was_answered_before_it_had_sent_all_gives_way_too(tmp_path: Path) -> None:
    head = b"GET /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"
    with House(tmp_path, connections_max=20) as house, connected(port_of(house), 20, head) as made:
        assert {status(each) for each in made} == {b"404"}
        for each in made:
            each.sendall(b"x")
        assert house.listed() == []
        assert is_closed(made[0])


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"\r\n",  # 401s, held back
        b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",  # answers that nobody reads
    ],
    ids=["refused", "not read"],
)
def test_those_that_send_much_at_once_give_way_too(tmp_path: Path, sent: bytes) -> None:
    with (
        House(tmp_path, connections_max=20) as house,
        connected(port_of(house), 20, sent * 300),
    ):
        assert house.listed() == []


def test_requests_sent_ahead_of_answers_take_a_bounded_memory(server: ServerProcess) -> None:
    assert is_served(server)
    ahead = (HEAD + b"\r\n") * 300 + b"GET / HTTP/1.1\r\n\r\n" * 14_000
    with bounded_memory(server), connected(server.port, 20) as made:
        for each in made:
            each.settimeout(0)
            each.send(ahead)
        assert is_served(server)


def test_a_query_without_end_is_refused_before_it_is_sorted(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        headers = {"authorization": house.claim()}
        url = f"{house.url}{PATH}?{'a&' * 20_000}"
        answer = house.http.post(url, content=b"{}", headers=headers)
        assert answer.status_code == 401
        assert "more than 64 parameters" in answer.json()["resultDesc"]


def test_a_server_opens_as_many_files_as_it_may(server: ServerProcess) -> None:
    soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    assert soft == hard


def test_without_files_for_more_others_go_on(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (100, 100))
        kept = server.connect()
        page = {"offset": 0, "limit": 10}
        assert send(kept, server.sign("list", page))["resultCode"] == "0200000"
        with connected(server.port, 150):
            assert send(kept, server.sign("list", page))["resultCode"] == "0200000"
        until(lambda: server.readiness() == 200)
        assert is_served(server)
        kept.close()
