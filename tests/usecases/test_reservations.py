"""The use cases of reservations, over a real store."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import HandClock
from callkeeper.core.refusal import NoSuchReservation, ParameterWrong
from callkeeper.core.reservations.changes import Cancel, Move, Result
from callkeeper.core.reservations.reservation import Wish
from callkeeper.store.port.reservations import Wanted
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.origin import Origin
from callkeeper.usecases.reservations import Bookings
from tests.store.orders import HOUR, NOW, Opener, has_campaign

WISH = Wish("manual", "66660001", "7", NOW + HOUR, agent="ann")
ORIGIN = Origin(1, "AK", "signature", NOW - 40, b"{}")


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    with Opener(tmp_path / "data", database) as opener:
        opened = opener.open()
        opened.store.migrate()
        for vdn in (1, 2):
            has_campaign(opened.session, vdn)
        yield opened.store


def ask(store: SqlStore, work: Callable[[Bookings], Awaitable[None]]) -> None:
    """Do some work with the use cases, at NOW, within half a minute."""

    async def all_of_it() -> None:
        async_store = AsyncStore(store)
        await work(Bookings(async_store, HandClock(NOW), 300_000))
        await async_store.close()

    asyncio.run(asyncio.wait_for(all_of_it(), 30))


def test_an_id_is_the_instant_of_signing_and_seventeen_digits_of_the_request(
    store: SqlStore,
) -> None:
    async def work(bookings: Bookings) -> None:
        one = (await bookings.reserve(WISH, ORIGIN)).reservation.id
        two = (await bookings.reserve(WISH, ORIGIN._replace(signature="other"))).reservation.id
        assert len(one) == len(two) == 30
        assert one[:13] == two[:13] == str(NOW - 40)
        assert one != two
        assert (one + two).isdigit()

    ask(store, work)


def test_the_same_signature_of_the_same_key_books_once(store: SqlStore) -> None:
    async def work(bookings: Bookings) -> None:
        first = await bookings.reserve(WISH, ORIGIN)
        again = await bookings.reserve(WISH, ORIGIN)
        other_key = await bookings.reserve(WISH, ORIGIN._replace(ak="AK2"))
        assert [first.again, again.again, other_key.again] == [False, True, False]
        assert first.reservation == again.reservation
        assert (await bookings.find(Wanted(1, 0, 10))).total == 2

    ask(store, work)


def test_an_idempotency_key_stands_for_a_body_in_a_vdn_whichever_key_signs(store: SqlStore) -> None:
    async def work(bookings: Bookings) -> None:
        async def reserve(signature: str, **other: object) -> bool:
            origin = ORIGIN._replace(signature=signature, idempotency_key="k", **other)  # type: ignore[arg-type]
            return (await bookings.reserve(WISH, origin)).again

        assert not await reserve("a")
        assert await reserve("b")
        with pytest.raises(ParameterWrong):
            await reserve("c", body=b"{ }")
        assert await reserve("d", ak="AK2")
        assert not await reserve("e", vdn=2)

    ask(store, work)


def test_the_history_names_the_key_that_did_it_and_when(store: SqlStore) -> None:
    async def work(bookings: Bookings) -> None:
        made = (await bookings.reserve(WISH, ORIGIN)).reservation
        other = ORIGIN._replace(ak="AK2", signature="a")
        await bookings.change(made.id, Move(remark="later"), other)
        await bookings.change(made.id, Cancel(), ORIGIN._replace(signature="c"))
        with pytest.raises(NoSuchReservation):
            await bookings.change(made.id, Result(fail_code="1"), ORIGIN._replace(signature="b"))
        events = store.history.of(1, made.id)
        assert [(each.what, each.by_whom, each.happened_at) for each in events] == [
            ("reserved", "key AK", NOW),
            ("moved", "key AK2", NOW),
            ("cancelled", "key AK", NOW),
        ]

    ask(store, work)


def test_a_reservation_is_changed_only_in_its_own_vdn(store: SqlStore) -> None:
    async def work(bookings: Bookings) -> None:
        made = (await bookings.reserve(WISH, ORIGIN)).reservation
        with pytest.raises(NoSuchReservation):
            await bookings.change(made.id, Cancel(), ORIGIN._replace(vdn=2))
        assert (await bookings.find(Wanted(1, 0, 10))).total == 1
        assert (await bookings.find(Wanted(2, 0, 10))).total == 0

    ask(store, work)
