"""Search where there is more of a number than is looked through."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.people.person import Person, Role
from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.search import FoundCalls, Query, Search
from tests.store.calls import GRACE
from tests.store.orders import HOUR, NOW, Opener, booked, booking, carry_out, has_campaign, order

SUE = Person(
    "sue", 1, "Sue", None, None, NOW, None, has_password=True, roles=(Role("supervisor", 1),)
)
NUMBER = "8613900005555"


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    """A store with three reservations of a number, one after the other, and one of another."""
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        ours = [booking(each, called_no=NUMBER, appoint_at=NOW + each * HOUR) for each in (1, 2, 3)]
        booked(opened.store, *ours, booking(4, appoint_at=NOW + 4 * HOUR))
        yield opened.store


def outstanding(store: SqlStore, query: Query, of_number: int) -> FoundCalls:
    async def asked() -> FoundCalls:
        async_store = AsyncStore(store)
        try:
            search = Search(async_store, HandClock(NOW), Measure(GRACE), of_number=of_number)
            return await search.find(SUE, 1, query, 0, 10)
        finally:
            await async_store.close()

    return asyncio.run(asyncio.wait_for(asked(), 60))


@pytest.mark.parametrize(("of_number", "ids"), [(2, ["r00002", "r00003"]), (1, ["r00003"])])
def test_of_a_number_with_many_calls_the_latest_are_looked_through_for_what_is_open(
    store: SqlStore, of_number: int, ids: list[str]
) -> None:
    carry_out(store, order("r00001", Result(fail_code="00537")))
    found = outstanding(store, Query(number=NUMBER, is_outstanding=True), of_number)
    assert [each.listed.reservation.id for each in found.calls] == ids
    assert found.total == len(ids)
