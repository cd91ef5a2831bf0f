"""Reports take long: they keep no page waiting, and nobody has several made at once."""

import asyncio
import threading

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.person import Person, Role
from callkeeper.core.refusal import TooManyRequests
from callkeeper.core.reservations.promise import Measure
from callkeeper.store.rows.store import SqlStore
from callkeeper.usecases.day_report import DayReport, day_report
from callkeeper.usecases.supervision import Supervision
from tests.store.orders import NOW
from tests.usecases.servers import Server, with_people

VDN = 25
DAY = (NOW, NOW + 86_399_999)


def supervisor(login: str) -> Person:
    return Person(
        login=login,
        version=1,
        name=login,
        language=None,
        zone=None,
        made_at=NOW,
        disabled_at=None,
        has_password=True,
        roles=(Role("supervisor", VDN),),
    )


def another_day(number: int) -> tuple[int, int]:
    return DAY[0] + number * 86_400_000, DAY[1] + number * 86_400_000


def test_reports_keep_no_page_waiting_and_each_person_has_one_made(
    stores: tuple[SqlStore, SqlStore], clock: HandClock
) -> None:
    begun, may_end = threading.Semaphore(0), threading.Event()

    def slow(*given: object) -> DayReport:
        begun.release()
        assert may_end.wait(30)
        return day_report(*given)  # type: ignore[arg-type]

    async def work(here: Server, _there: Server) -> None:
        reports = Supervision(here.async_store, clock, Measure(0), report=slow)
        sue = supervisor("sue")
        waiting = [
            asyncio.create_task(reports.report(supervisor(f"s{each}"), VDN, another_day(each + 1)))
            for each in range(4)
        ]
        waiting += [asyncio.create_task(reports.report(sue, VDN, DAY)) for _ in range(2)]
        assert await asyncio.to_thread(begun.acquire, timeout=20)
        assert await here.async_store.ask(lambda _store: "a page") == "a page"
        with pytest.raises(TooManyRequests, match="another report of yours"):
            await reports.report(sue, VDN, another_day(9))
        may_end.set()
        assert len(await asyncio.gather(*waiting)) == 6
        await reports.report(sue, VDN, another_day(9))

    async def in_the_end(here: Server, there: Server) -> None:
        try:
            await work(here, there)
        finally:
            may_end.set()

    with_people(stores, clock, in_the_end)
