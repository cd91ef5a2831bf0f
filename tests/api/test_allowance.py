"""Keys with a limit, over HTTP: 429 and Retry-After."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import httpx2
import pytest

from callkeeper.clock import HandClock
from callkeeper.core.allowance import Limit
from callkeeper.http.tarpit import AT_ONCE, PER_SECOND
from callkeeper.usecases.keys import TRUSTED_MS, OpenKey, limit
from tests.api.test_protocol import BODY, converse, signed
from tests.house import VDN, House

NOW = 1_747_310_400_000
PAGE = {"offset": 0, "limit": 10}


@pytest.fixture
def hand() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def still(tmp_path: Path, hand: HandClock) -> Iterator[House]:
    """A house where time stands still."""
    with House(tmp_path / "data", clock=hand) as house:
        yield house


def ask(house: House, key: OpenKey | None = None) -> httpx2.Response:
    return house.post("list", PAGE, key=key)


def statuses(house: House, count: int, key: OpenKey | None = None) -> list[int]:
    return [ask(house, key).status_code for _ in range(count)]


def test_more_than_a_key_may_send_is_answered_with_429_and_when_to_come_again(
    still: House, hand: HandClock
) -> None:
    assert limit(still.store, still.clock, still.key.ak, Limit(0.5, 3))
    assert statuses(still, 4) == [200, 200, 200, 429]
    refused = ask(still)
    assert refused.headers["retry-after"] == "2"
    assert refused.json() == {
        "returnCode": "0200006",
        "resultCode": "0200006",
        "resultDesc": refused.json()["resultDesc"],
        "returnDesc": refused.json()["resultDesc"],
    }
    assert "0.5 requests a second" in refused.json()["resultDesc"]
    hand.move(2000)
    assert statuses(still, 2) == [200, 429]


def test_a_flood_of_what_is_refused_is_answered_at_a_pace(house: House) -> None:
    assert limit(house.store, house.clock, house.key.ak, Limit(1, 1))
    request = signed(house, b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY
    count = AT_ONCE + PER_SECOND
    begun = monotonic()
    answers = converse(house, request * count, count=count)
    assert {status for status, _ in answers} == {200, 429}
    assert monotonic() - begun > 0.9  # all but the first ones take a second


def test_a_refused_request_is_not_carried_out(still: House) -> None:
    appoint_id = still.reserve()
    limit(still.store, still.clock, still.key.ak, Limit(1, 1))
    still.clock.move(TRUSTED_MS)  # type: ignore[attr-defined]
    ask(still)
    assert still.post("delete", {"appointId": appoint_id}).status_code == 429
    assert [r.state for r in still.store.reservations.with_id(appoint_id)] == ["waiting"]


def test_another_key_of_the_same_vdn_has_its_own_allowance(still: House) -> None:
    other = still.issue(VDN)
    limit(still.store, still.clock, still.key.ak, Limit(1, 1))
    assert statuses(still, 2) == [200, 429]
    assert statuses(still, 10, other) == [200] * 10


def test_bad_signatures_use_up_nobodys_allowance(still: House) -> None:
    limit(still.store, still.clock, still.key.ak, Limit(1, 2))
    forged = OpenKey(still.key.ak, "not the secret", VDN)
    assert statuses(still, 20, forged) == [401] * 20
    assert statuses(still, 3) == [200, 200, 429]


def test_a_limit_is_taken_up_and_given_up_within_two_seconds(still: House, hand: HandClock) -> None:
    assert statuses(still, 5) == [200] * 5
    limit(still.store, still.clock, still.key.ak, Limit(0.01, 1))
    hand.move(TRUSTED_MS)
    assert statuses(still, 3) == [200, 429, 429]
    hand.move(TRUSTED_MS)
    assert statuses(still, 2) == [429, 429]  # reading the key again does not fill the bucket
    limit(still.store, still.clock, still.key.ak, Limit(off=True))
    hand.move(TRUSTED_MS)
    assert statuses(still, 5) == [200] * 5


def test_the_refused_are_counted(still: House) -> None:
    limit(still.store, still.clock, still.key.ak, Limit(1, 1))
    statuses(still, 4)
    told = still.http.get(f"{still.url}/metrics").text
    wanted = 'callkeeper_requests_total{code="0200006",interface="list",status="429"} 3.0'
    assert wanted in told


@pytest.mark.parametrize("leap_ms", [-7_200_000, -1_500, 7_200_000])
def test_a_clock_that_is_set_neither_refuses_anybody_nor_gives_anything_away(
    still: House, hand: HandClock, leap_ms: int
) -> None:
    limit(still.store, still.clock, still.key.ak, Limit(0.5, 2))
    assert statuses(still, 3) == [200, 200, 429]
    hand.leap(leap_ms)
    assert statuses(still, 1) == [429]
    hand.move(2000)
    assert statuses(still, 2) == [200, 429]


def test_a_limit_that_is_raised_lets_its_key_send_on(still: House, hand: HandClock) -> None:
    limit(still.store, still.clock, still.key.ak, Limit(0.01, 5))
    assert statuses(still, 6) == [200] * 5 + [429]
    limit(still.store, still.clock, still.key.ak, Limit(10, 5))
    hand.move(TRUSTED_MS)
    assert statuses(still, 6) == [200] * 5 + [429]
    hand.move(1000)
    assert statuses(still, 5) == [200] * 5
