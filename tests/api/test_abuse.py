"""What strangers and bad neighbours do to a server, and a client that is served all the while."""

import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from callkeeper import signing
from callkeeper.api.interface import BODY_MAX
from callkeeper.api.tarpit import AT_ONCE
from callkeeper.clock import SystemClock
from callkeeper.keyring import OpenKey
from tests.durability.server import VDN, ServerProcess, send
from tests.house import House
from tests.waiting import until

PATH = f"/rest/isales/v1/openapi/campaigns/{VDN}/appoint/list"
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


def resident_mib(server: ServerProcess) -> float:
    pages = int(Path(f"/proc/{server.pid}/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


def forged(server: ServerProcess, body: bytes, key: OpenKey | None = None) -> bytes:
    """Return a request whose signature is nobody's."""
    ak = (key or server.key).ak
    prefix = f"auth-v2/{ak}/{signing.timestamp(SystemClock().now())}/host/{'0' * 64}"
    return HEAD + f"Authorization: {prefix}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


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
    before = resident_mib(server)
    with connected(server.port, count, first):
        assert is_served(server)
        assert resident_mib(server) - before < GROWTH_MIB
    assert is_served(server)


def test_a_flood_of_large_bodies_takes_a_bounded_memory(server: ServerProcess) -> None:
    before = resident_mib(server)
    request = forged(server, b" " * BODY_MAX)

    def flood(connection: socket.socket) -> bytes:
        connection.sendall(request)
        return status(connection)

    with connected(server.port, FLOOD) as made, ThreadPoolExecutor(FLOOD) as threads:
        answering = [threads.submit(flood, each) for each in made]
        assert is_served(server)
        assert {each.result(120) for each in answering} == {b"401"}
    assert resident_mib(server) - before < GROWTH_MIB


def test_every_bad_signature_is_answered_however_many_there_are(server: ServerProcess) -> None:
    stranger = OpenKey("A" * 20, "x", VDN)
    with connected(server.port, 40) as made:
        for each in made:
            each.sendall(forged(server, b"{}", stranger) * (AT_ONCE // 10))
        assert is_served(server)
        for each in made:
            assert list(statuses(each, AT_ONCE // 10)) == [b"401"] * (AT_ONCE // 10)


def test_a_connection_too_many_takes_the_place_of_the_one_that_waited_the_longest(
    tmp_path: Path,
) -> None:
    with House(tmp_path, connections_max=20) as house:
        port = int(house.url.rpartition(":")[2])
        assert house.listed() == []  # its connection is kept, and is the oldest
        with connected(port, 19) as made:
            assert house.listed() == []  # and now the youngest
            with connected(port, 5):
                assert all(is_closed(each) for each in made[:5])
                assert house.listed() == []
            made[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert status(made[-1]) == b"200"


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
