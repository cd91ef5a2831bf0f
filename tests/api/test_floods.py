"""Floods of what is not admitted: in the name of a key whose secret nobody knows, or of none."""

import json
import os
import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from callkeeper.api.contract.endpoint import BODY_MAX
from callkeeper.http.tarpit import AT_ONCE, PER_SECOND
from callkeeper.usecases.keys import OpenKey
from tests.api.test_abuse import (
    bounded_memory,
    connected,
    forged,
    forged_head,
    is_served,
    status,
)
from tests.durability.server import VDN, ServerProcess, send
from tests.house import House
from tests.logged import logging_as_the_program_does
from tests.processes import told
from tests.waiting import until

STRANGER = OpenKey("A" * 20, "x", VDN)
RANDOM = Random(20251128).randbytes(16_000)  # noqa: S311 - a body, no secret
PAGE = {"offset": 0, "limit": 10}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        yield server


@pytest.fixture(params=["a key that there is", "no key"])
def named(request: pytest.FixtureRequest, server: ServerProcess) -> OpenKey:
    """Whose name a flood comes in. Nobody else asks with it: who does waits behind the flood."""
    if request.param == "no key":
        return STRANGER
    key = server.issue()
    with closing(server.connect()) as connection:  # so that the server knows it
        assert send(connection, server.sign("list", PAGE, key))["resultCode"] == "0200000"
    return key


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has taken."""
    fields = told(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answered(made: Sequence[socket.socket]) -> int:
    """Return how many of these connections have been answered until now."""
    poll = select.poll()
    for each in made:
        poll.register(each, select.POLLIN)
    return len(poll.poll(0))


def test_a_forged_body_of_any_bytes_costs_about_what_a_small_one_does(
    server: ServerProcess,
) -> None:
    def cost(body: bytes) -> float:
        before = cpu_seconds(server.pid)
        with connected(server.port, 400, forged(server.key, body)) as made:
            assert {status(each) for each in made} == {b"401"}
        return cpu_seconds(server.pid) - before

    cost(b"{}")
    small, random = (min(cost(body) for _ in range(3)) for body in (b"{}", RANDOM))
    assert random < 3.5 * small


def test_a_flood_is_dealt_with_at_a_pace_however_many_connections_it_has(
    server: ServerProcess, named: OpenKey
) -> None:
    count = AT_ONCE + 3 * PER_SECOND
    assert is_served(server)
    begun = monotonic()
    with connected(server.port, count, forged(named, RANDOM)) as made:
        assert is_served(server)
        # Bodies of all of them together are more than may wait.
        assert {status(each) for each in made} <= {b"401", b"429"}
    assert monotonic() - begun > 2.9


def test_a_client_that_shares_the_name_of_a_flood_but_not_its_address_waits_hardly_longer(
    server: ServerProcess,
) -> None:
    count = AT_ONCE + 3 * PER_SECOND
    request = server.sign("list", PAGE)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    sent = f"POST {request.path} HTTP/1.1\r\n{head}Content-Length: {len(request.body)}\r\n\r\n"
    there = ("127.0.0.1", server.port)
    with (
        socket.create_connection(there, 30, source_address=("127.0.0.2", 0)) as elsewhere,
        connected(server.port, count, forged(server.key, b"{}")) as made,
    ):
        until(lambda: answered(made) > 2 * AT_ONCE)
        before = answered(made)
        elsewhere.sendall(sent.encode() + request.body)
        assert status(elsewhere) == b"200"
        assert answered(made) - before < count / 5
        assert {status(each) for each in made} == {b"401"}


def test_names_that_are_no_keys_are_looked_up_at_a_pace(server: ServerProcess) -> None:
    count = AT_ONCE + 3 * PER_SECOND
    assert is_served(server)
    begun = monotonic()
    with connected(server.port, count) as made:
        for number, each in enumerate(made):
            each.sendall(forged(OpenKey(f"{number:020d}", "x", VDN), b"{}"))
        assert is_served(server)
        assert {status(each) for each in made} == {b"401"}
    assert monotonic() - begun > 2.9


def test_requests_that_wait_for_their_turn_take_a_bounded_memory(
    server: ServerProcess, named: OpenKey
) -> None:
    assert is_served(server)
    head = forged_head(named, b"Content-Length: %d" % BODY_MAX)
    with bounded_memory(server), connected(server.port, 800, head) as made:
        for each in made:
            each.settimeout(0)
            each.send(b" " * 400_000)
        assert is_served(server)


def test_a_flood_that_goes_away_is_forgotten(server: ServerProcess, named: OpenKey) -> None:
    for _ in range(3):
        with connected(server.port, AT_ONCE + 4 * PER_SECOND, forged(named, b"{}")):
            assert is_served(server)
    with closing(socket.create_connection(("127.0.0.1", server.port), 30)) as last:
        last.sendall(forged(named, b"{}"))
        begun = monotonic()
        assert status(last) == b"401"
        assert monotonic() - begun < 3


def test_an_unknown_key_and_a_wrong_signature_are_told_the_same(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with logging_as_the_program_does(), House(tmp_path) as house:
        wrong = OpenKey(house.key.ak, "x", VDN)
        told = [house.post("list", PAGE, key=key) for key in (wrong, STRANGER)]
    assert told[0].json() == told[1].json()
    headers = [{**each.headers, "date": ""} for each in told]
    assert headers[0] == headers[1]
    assert "unknown or revoked, or the signature" in told[0].json()["resultDesc"]
    logged = [json.loads(line)["why"] for line in capfd.readouterr().err.splitlines()]
    assert logged == [
        f"the signature in the name of access key {house.key.ak} does not match",
        "access key 'AAAA'... is unknown or revoked",
    ]


@pytest.mark.parametrize("path", ["list", "nowhere"])
def test_no_other_answer_tells_a_key_from_a_name_that_is_none(house: House, path: str) -> None:
    large = b" " * 40_000
    for wrong in (
        {"body": large},
        {"body": b"{}", "vdn": 26},
        {"body": b"no JSON"},
        {"body": b"x" * (BODY_MAX + 1)},
        {"body": b"{}", "at": "2025-05-15T12:00:00Z"},
    ):
        forger = OpenKey(house.key.ak, "x", VDN)
        told = [house.post(path, key=key, **wrong) for key in (forger, STRANGER)]
        assert told[0].json() == told[1].json()


def test_a_large_body_is_checked_as_long_in_a_name_that_is_no_key(house: House) -> None:
    def seconds(key: OpenKey) -> float:
        took = []
        for _ in range(5):
            begun = monotonic()
            assert house.post("list", b" " * BODY_MAX, key=key).status_code == 401
            took.append(monotonic() - begun)
        return min(took)

    with_key, without = seconds(OpenKey(house.key.ak, "x", VDN)), seconds(STRANGER)
    assert without > 0.6 * with_key
    assert with_key > 0.6 * without


def test_signed_headers_that_are_too_long_are_told_whoever_is_named(house: House) -> None:
    long = {"host": "a" * 20_000}
    for key in (house.key, STRANGER):
        claim = house.claim().replace(house.key.ak, key.ak)
        url = f"{house.url}/rest/isales/v1/openapi/campaigns/25/appoint/list"
        answer = house.http.post(url, content=b"{}", headers={"authorization": claim, **long})
        assert "signed headers hold more than" in answer.json()["resultDesc"]
