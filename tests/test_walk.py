"""The client's walk through a list that others write to while it reads."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callkeeper.client import Client, Filters, Page, Reservation
from callkeeper.client.records import milliseconds
from callkeeper.client.walk import PAGE_ROWS, walk
from tests.house import HOUR, TASK, VDN, House

START = datetime(2090, 1, 1, tzinfo=UTC)
FIRST = int(START.timestamp()) * 1000


def row(at: int, number: int) -> Reservation:
    return Reservation.read({"appointId": f"{number:08}", "appointTime": FIRST + at})


class Ledger:
    """Reservations in memory, listed as the interface says; others write between two pages."""

    def __init__(
        self,
        rows: dict[int, int],
        *,
        between: Callable[[dict[int, int]], None] = lambda _: None,
        newest_first: bool = False,
    ) -> None:
        self.rows = rows  # a number, and its milliseconds after START
        self._between = between
        self._newest_first = newest_first
        self.rows_read = 0

    def __call__(self, *, offset: int, limit: int, **filters: Unpack[Filters]) -> Page:
        begin = milliseconds(filters.get("begin", 0)) or 0
        end = milliseconds(filters.get("end", 1 << 60)) or 0
        found = sorted(
            ((at, number) for number, at in self.rows.items() if begin <= FIRST + at <= end),
            reverse=self._newest_first,
        )
        page = Page(len(found), tuple(row(*each) for each in found[offset : offset + limit]))
        self.rows_read += len(page.reservations)
        self._between(self.rows)
        return page

    def walked(self, **filters: Unpack[Filters]) -> list[int]:
        return [int(each.id) for each in walk(self, filters)]


def test_ten_thousand_rows_are_read_hardly_more_than_once() -> None:
    ledger = Ledger({number: number // 3 for number in range(10_000)})
    assert ledger.walked() == list(range(10_000))
    assert ledger.rows_read < 10_300


@pytest.mark.parametrize("before", [0, 1, 99, 100, 101])
@pytest.mark.parametrize("of_it", [1, 2, 99, 100, 101, 199, 200, 1000])
def test_many_at_one_instant_are_all_read(before: int, of_it: int) -> None:
    rows = {number: max(0, number - before + 1) for number in range(before)}
    rows |= {before + number: 5 for number in range(of_it)}
    rows |= {before + of_it + number: 6 + number for number in range(150)}
    ledger = Ledger(rows)
    assert ledger.walked() == list(range(before + of_it + 150))
    assert ledger.rows_read < len(rows) * 1.05 + 10


@pytest.mark.parametrize("count", [0, 1, 2, 100, 101, 102])
def test_a_list_of_any_length_ends(count: int) -> None:
    assert Ledger(dict.fromkeys(range(count), 0)).walked() == list(range(count))


def test_the_filters_bounds_hold_to_the_end() -> None:
    ledger = Ledger({number: number for number in range(1000)})
    bounds: Filters = {
        "begin": START + timedelta(milliseconds=100),
        "end": START + timedelta(milliseconds=699),
    }
    assert ledger.walked(**bounds) == list(range(100, 700))


def test_a_list_that_comes_newest_first_is_all_read_too() -> None:
    ledger = Ledger({number: number // 7 for number in range(500)}, newest_first=True)
    assert ledger.walked() == list(reversed(range(500)))


def test_rows_that_go_from_one_instant_hide_none_of_the_rest() -> None:
    gone = iter(range(102))  # six times seventeen

    def between(rows: dict[int, int]) -> None:
        for number in islice(gone, 17):
            rows.pop(number)

    ledger = Ledger(dict.fromkeys(range(1000), 0), between=between)
    found = ledger.walked()
    assert set(found) >= set(range(102, 1000))
    assert len(found) == len(set(found))
    assert ledger.rows_read < 1100 + 6 * 2 * PAGE_ROWS  # two pages more for each time


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_rows_that_stay_are_read_once_whatever_others_do(data: st.DataObject) -> None:
    times = st.integers(0, data.draw(st.sampled_from([0, 3, 400])))
    rows = dict(enumerate(data.draw(st.lists(times, max_size=450, min_size=100))))
    touched: set[int] = set()
    new = iter(range(10_000, 20_000))

    def between(rows: dict[int, int]) -> None:
        for number in data.draw(st.lists(st.sampled_from(range(450)), max_size=30)):
            touched.add(number)
            rows.pop(number, None)
        for at in data.draw(st.lists(times, max_size=20)):
            number = data.draw(st.sampled_from([next(new), *sorted(touched)]))
            rows[number] = at

    def at_first(rows: dict[int, int]) -> None:  # others stop some day, and so does the walk
        if ledger.rows_read < 1500:
            between(rows)

    ledger = Ledger(rows, between=at_first)
    stayed = set(rows)
    found = ledger.walked()
    assert stayed - touched <= set(found)
    assert len(found) == len(set(found))


def test_a_real_list_is_read_while_others_write(house: House) -> None:
    at = house.now() + HOUR
    with Client(house.url, house.key.ak, house.key.secret, VDN) as client:

        def reserve(number: int, later_ms: int = 0) -> str:
            return client.reserve(f"{number:08}", at=at + later_ms, campaign=TASK, agent="testName")

        ids = [reserve(number) for number in range(2 * PAGE_ROWS + 20)]
        ids += [reserve(number, 1 + number % 3) for number in range(50)]

        def others() -> Iterator[None]:
            for each in ids[:7]:
                client.cancel(each)
            yield
            client.move(ids[150], at=at + 2)
            client.move(ids[10], at=at + 3)  # which was read before
            client.record_result(ids[30], fail_code="00000")
            yield
            client.cancel(ids[20])
            reserve(99_999_999)

        writing = others()
        found: list[str] = []
        for count, each in enumerate(client.iterate(campaign=TASK)):
            if count in (50, 120, 190):
                next(writing, None)
            found.append(each.id)
    assert len(found) == len(set(found))
    assert set(ids) - set(found) <= {*ids[:7], ids[20], ids[150]}
    assert ids[150] in found
