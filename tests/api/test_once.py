"""A request that is sent again, because its answer was lost, is carried out once."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callkeeper import signing
from callkeeper.processes.serve import prepare_server
from callkeeper.store.port.reservations import Wanted
from callkeeper.usecases.keys import OpenKey
from tests.house import HOUR, TASK, VDN, House
from tests.signed import Signed

REPLAYED = "idempotency-replayed"


def create(
    house: House,
    *,
    at: int | None = None,
    called_no: str = "66660001",
    key: str | None = None,
    signer: OpenKey | None = None,
    vdn: int = VDN,
) -> Signed:
    """Sign a create, with an Idempotency-Key or without; the same instant gives the same bytes."""
    body = (
        f'{{"callType":1,"calledNo":"{called_no}","userAccount":"ann","taskId":"{TASK}",'
        f'"appointTime":{house.now() // HOUR * HOUR + 2 * HOUR}}}'
    ).encode()
    path = f"/v1/openapi/campaigns/{vdn}/appoint/create"
    sent = house.sign("POST", path, body, key=signer, at=signing.timestamp(at or house.now()))
    return sent._replace(headers=sent.headers | ({"idempotency-key": key} if key else {}))


def at_once(requests: Sequence[tuple[str, Signed]]) -> list[httpx2.Response]:
    """Send requests all at once, each to a server's URL and on a connection of its own."""

    async def send_all() -> list[httpx2.Response]:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{url}{sent.path}", content=sent.body, headers=sent.headers)
                    for url, sent in requests
                )
            )

    return asyncio.run(send_all())


@contextmanager
def server_beside(house: House) -> Iterator[str]:
    """Another server on the same database, as behind a load balancer; yield its URL."""
    listening = threading.Event()
    urls: list[str] = []

    def ready(url: str) -> None:
        urls.append(url)
        listening.set()

    server = prepare_server(house.settings, clock=house.clock, ready=ready)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(server.run)
        try:
            assert listening.wait(20)
            yield urls[0]
        finally:
            server.should_exit = True
            running.result(30)


def stored(house: House) -> int:
    return house.store.reservations.find(Wanted(VDN, 0, 1)).total


def codes(answers: Sequence[httpx2.Response]) -> Counter[Any]:
    return Counter((answer.status_code, answer.json()["resultCode"]) for answer in answers)


def test_five_hundred_times_the_same_bytes_are_one_reservation(any_house: House) -> None:
    sent = create(any_house)
    answers = at_once([(any_house.url, sent)] * 500)
    assert codes(answers) == {(200, "0200000"): 500}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get(REPLAYED) for answer in answers) == {"true": 499, None: 1}
    assert stored(any_house) == 1
    appoint_id = answers[0].json()["returnObject"]["appointId"]
    assert [event.what for event in any_house.store.history.of(VDN, appoint_id)] == ["reserved"]


@pytest.mark.parametrize("how", ["same signature", "same Idempotency-Key"])
def test_two_servers_on_one_database_book_it_once(any_house: House, how: str) -> None:
    if how == "same signature":
        requests = [create(any_house)] * 100
    else:
        now = any_house.now()
        requests = [create(any_house, at=now - turn, key="order-4711") for turn in range(100)]
    with server_beside(any_house) as other:
        urls = [any_house.url, other] * 50
        answers = at_once(list(zip(urls, requests, strict=True)))
    assert codes(answers) == {(200, "0200000"): 100}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get(REPLAYED) for answer in answers) == {"true": 99, None: 1}
    assert stored(any_house) == 1


def test_the_same_idempotency_key_with_new_signatures_is_one_reservation(
    any_house: House,
) -> None:
    now = any_house.now()
    requests = [
        (any_house.url, create(any_house, at=now - turn, key="order-4711")) for turn in range(200)
    ]
    answers = at_once(requests)
    assert codes(answers) == {(200, "0200000"): 200}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get(REPLAYED) for answer in answers) == {"true": 199, None: 1}
    assert stored(any_house) == 1


def test_another_body_under_a_used_idempotency_key_is_refused(any_house: House) -> None:
    requests = [create(any_house, called_no=number, key="order-4711") for number in ("1", "2")]
    first, second = (at_once([(any_house.url, each)])[0] for each in requests)
    assert codes([first, second]) == {(200, "0200000"): 1, (200, "0200001"): 1}
    assert second.json()["resultDesc"].startswith("Idempotency-Key: ")
    assert stored(any_house) == 1


def test_an_idempotency_key_is_its_vdns_whichever_access_key_signs(any_house: House) -> None:
    signers = [any_house.key, any_house.issue(VDN), any_house.issue(None)]
    now = any_house.now()
    in_turn = [create(any_house, at=now, key="order-4711", signer=each) for each in signers]
    at_one_time = [
        create(any_house, at=now - turn, key="order-4712", signer=signers[turn % 3])
        for turn in range(1, 61)
    ]
    answers = [at_once([(any_house.url, each)])[0] for each in in_turn]
    assert [answer.headers.get(REPLAYED) for answer in answers] == [None, "true", "true"]
    assert stored(any_house) == 1
    answers = at_once([(any_house.url, each) for each in at_one_time])
    assert codes(answers) == {(200, "0200000"): 60}
    assert len({answer.content for answer in answers}) == 1
    assert stored(any_house) == 2


def test_the_idempotency_key_of_another_vdn_is_another(house: House) -> None:
    house.has_campaign(int(TASK), vdn=26)
    signer = house.issue(None)
    for vdn in (VDN, 26):
        sent = create(house, key="order-4711", signer=signer, vdn=vdn)
        (answer,) = at_once([(house.url, sent)])
        assert (answer.json()["resultCode"], answer.headers.get(REPLAYED)) == ("0200000", None)


def test_different_requests_at_once_are_all_booked(any_house: House) -> None:
    requests = [
        (any_house.url, create(any_house, called_no=str(10_000 + number))) for number in range(300)
    ]
    answers = at_once(requests)
    assert codes(answers) == {(200, "0200000"): 300}
    assert len({answer.json()["returnObject"]["appointId"] for answer in answers}) == 300
    assert stored(any_house) == 300
    assert not any(REPLAYED in answer.headers for answer in answers)


def test_the_same_request_after_a_restart_is_still_the_same(
    tmp_path: Path, database: str | None
) -> None:
    with House(tmp_path / "data", database=database) as house:
        sent = create(house)
        (first,) = at_once([(house.url, sent)])
        with server_beside(house) as restarted:
            (second,) = at_once([(restarted, sent)])
    assert second.content == first.content
    assert second.headers[REPLAYED] == "true"
