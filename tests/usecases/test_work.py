"""What an agent has to do: of whose reservations what is told, while others change them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.people.person import Person, Role
from callkeeper.core.refusal import NoSuchReservation
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.port.store import Store
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.work import Work
from tests.store.calls import GRACE
from tests.store.orders import HOUR, NOW, Opener, booked, booking, carry_out, has_campaign, order
from tests.usecases.watched import watched

ANN = Person(
    "ann", 1, "Ann", None, None, NOW, None, has_password=True, roles=(Role("agent", 1, "ann"),)
)
BOB = Person(
    "bob", 1, "Bob", None, None, NOW, None, has_password=True, roles=(Role("agent", 1, "bob"),)
)
DAY = (NOW, NOW + 24 * HOUR)

Ask = Callable[[Work], Awaitable[Any]]


def ask(store: Store, what: Ask) -> Any:
    async def asked() -> Any:
        async_store = AsyncStore(store)
        try:
            return await what(Work(async_store, HandClock(NOW), Measure(GRACE)))
        finally:
            await async_store.close()

    return asyncio.run(asyncio.wait_for(asked(), 60))


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    """A store with a reservation of Ann's and one of Bob's."""
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        booked(opened.store, booking(1), booking(2, agent="bob"))
        yield opened.store


def test_a_result_that_is_filed_while_a_page_is_made_does_not_break_it(store: SqlStore) -> None:
    filed = order("r00001", Result(fail_code="00000"))
    changing = watched(store, "reservations", lambda _: carry_out(store, filed))
    found = ask(changing, lambda work: work.one(ANN, 1, "r00001"))
    assert found.kept.listed.reservation.id == "r00001"
    after = ask(store, lambda work: work.one(ANN, 1, "r00001"))
    assert after.kept.listed.reservation.state == "done"


def test_a_page_tells_what_happened_by_whom_and_when(store: SqlStore) -> None:
    carry_out(store, order("r00001", Move(remark="slowly"), at=NOW + 1))
    found = ask(store, lambda work: work.one(ANN, 1, "r00001"))
    told = [(each.at, each.what, each.by) for each in found.events]
    assert told == [(NOW, "reserved", "key K"), (NOW + 1, "moved", "key K")]
    assert found.kept.listed.campaign_name == "campaign 7"


def test_of_anothers_reservation_and_a_deleted_one_is_told_what_is_told_of_none(
    store: SqlStore,
) -> None:
    carry_out(store, order("r00001", Cancel()))
    for each, id_ in ((ANN, "r00001"), (ANN, "r00002"), (BOB, "none")):
        for what in (
            lambda work, each=each, id_=id_: work.one(each, 1, id_),
            lambda work, each=each, id_=id_: work.change(each, 1, id_, Move(remark="x"), None),
        ):
            with pytest.raises(NoSuchReservation) as refused:
                ask(store, what)
            assert str(refused.value) == f"there is no reservation '{id_}' in VDN 1"


def test_an_agent_has_to_do_what_is_open_and_sees_what_is_done_of_a_day(store: SqlStore) -> None:
    later = DAY[1] + HOUR
    booked(store, booking(3), booking(4, appoint_at=later), booking(5, appoint_at=later))
    carry_out(store, *(order(id_, Result(fail_code="00000")) for id_ in ("r00003", "r00004")))
    todo = ask(store, lambda work: work.todo(ANN, 1, DAY, 9))
    ids = [
        [each.listed.reservation.id for each in found.promises] for found in (todo.open, todo.done)
    ]
    assert ids == [["r00001", "r00005"], ["r00003"]]
