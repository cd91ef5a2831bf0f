"""The dialer for real: threads, the machine's own clock, and a stop that leaves nothing behind."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.clock import SystemClock
from callkeeper.core.dialing.attempt import Attempt
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.dialer.context import DialerContext
from callkeeper.dialer.dialer import Dialer
from callkeeper.dialer.line.line import CallRequest, Line
from callkeeper.dialer.line.rehearsal import RehearsalLine
from callkeeper.dialer.metrics import DialerMetrics
from callkeeper.store.rows.store import SqlStore
from tests.dialer.faults import DiedError, Exchange, Fault, act, enter
from tests.dialer.stage import LEAD, Stage, inline_async_store, post
from tests.store.orders import HOUR, Opener, booked, booking, check_history, has_campaign

SECONDS_MAX = 120.0  # of what takes a few, were the machine not busy with other tests


@pytest.fixture
def opener(tmp_path: Path, database: str | None) -> Iterator[Opener]:
    with Opener(tmp_path / "real", database) as opener:
        yield opener


@pytest.fixture
def store(opener: Opener) -> SqlStore:
    """A store whose campaign 7 dials now, by the machine's clock."""
    now = SystemClock().now()
    opened = opener.open()
    opened.store.migrate()
    dates = {"begin_at": now - HOUR, "end_at": now + HOUR, "made_at": now, "changed_at": now}
    has_campaign(opened.session, 1, **dates)
    return opened.store


def due(store: SqlStore, *called_nos: str) -> list[Reservation]:
    """Book automatic reservations that are due now, by the machine's clock."""
    now = SystemClock().now()
    return booked(
        store,
        *(
            booking(number, kind="automatic", called_no=each, appoint_at=now + LEAD, at=now)
            for number, each in enumerate(called_nos)
        ),
    )


def attempt_of(store: SqlStore, promised: Reservation) -> Attempt:
    """Return the only attempt of a reservation."""
    (attempt,) = store.attempts.of(1, promised.id)
    return attempt


def states(store: SqlStore, promised: Sequence[Reservation]) -> set[str]:
    """Return the states in which reservations are."""
    return {each.state for one in promised for each in store.reservations.with_id(one.id)}


def all_done(store: SqlStore, promised: Sequence[Reservation]) -> bool:
    """Whether all of them are done; none is asked for behind the first that is not."""
    return all(
        each.state == "done" for one in promised for each in store.reservations.with_id(one.id)
    )


async def stopped(dialer: Dialer, until: Callable[[], bool]) -> None:
    """Run a dialer until something is so, then tell it to stop, and wait until it has."""
    running = asyncio.ensure_future(dialer.run())
    async with asyncio.timeout(SECONDS_MAX):
        while not until() and not running.done():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class OwesAnAnswer(RehearsalLine):
    """Confirms no call to 7 until it is let go."""

    def __init__(self, **spans: int) -> None:
        super().__init__(SystemClock(), **spans)
        self.let_go = asyncio.Event()

    async def place(self, request: CallRequest) -> None:
        if request.called_no == "7":
            await self.let_go.wait()
        await super().place(request)


def dialer_of(
    async_store: AsyncStore, name: str = "dora", line: Line | None = None, **spans: int
) -> Dialer:
    """Return a dialer on the machine's own clock."""
    clock = SystemClock()
    line = line or RehearsalLine(clock, **spans)
    return Dialer(
        DialerContext.of(post(name), async_store, line, DialerMetrics(CollectorRegistry()), clock)
    )


def test_it_dials_what_is_due_and_stops_when_it_is_told_to(store: SqlStore) -> None:
    promised = due(store, "1", "2", "4", "5", "9", "8", "1", "2")

    async def work() -> None:
        async_store = AsyncStore(store)
        dialer = dialer_of(async_store, ring_ms=50, talk_ms=200)
        await stopped(dialer, lambda: all_done(store, promised))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        await async_store.close()

    asyncio.run(work())
    codes = [store.reservations.with_id(each.id)[0].fail_code for each in promised]
    assert codes == ["00000", "00537", "00604", "00605", "00538", "34606", "00000", "00537"]
    check_history(store, *promised)
    (lease,) = store.leases.all()
    assert lease.lease_until <= SystemClock().now()


def test_two_share_the_work_and_ring_nobody_twice(opener: Opener, store: SqlStore) -> None:
    promised = due(store, *["2"] * 60)

    async def work() -> None:
        stores = [AsyncStore(opener.open().store) for _ in range(2)]
        dora, emma = (
            dialer_of(async_store, name, ring_ms=50)
            for async_store, name in zip(stores, "de", strict=True)
        )
        beside = asyncio.ensure_future(stopped(emma, lambda: all_done(store, promised)))
        await asyncio.gather(stopped(dora, lambda: all_done(store, promised)), beside)
        for async_store in stores:
            await async_store.close()

    asyncio.run(work())
    assert [len(store.attempts.of(1, each.id)) for each in promised] == [1] * 60
    check_history(store, *promised)


@pytest.mark.parametrize("fault", ["fails", "leaves"])
def test_a_claim_that_the_database_refuses_is_made_again(stage: Stage, fault: Fault) -> None:
    """It is away, or a VDN of one began to leave just then; a second later it is asked again."""
    reservation = stage.due(1)
    exchange = Exchange(stage)
    dora = enter(stage, exchange)
    dora.writer.plan["due.claim", 1] = fault
    asyncio.run(stopped(dora.dialer, lambda: bool(exchange.asked)))
    assert stage.standing(reservation).state == "calling"


def test_a_call_whose_progress_cannot_be_written_keeps_no_ending_back(stage: Stage) -> None:
    rings, is_busy = stage.due(1, "66660003"), stage.due(2, "66660002")
    dora = enter(stage, Exchange(stage))
    dora.writer.plan["attempts.note_progress", 0] = "fails"
    act(stage, dora, seconds=8)
    assert stage.standing(rings).state == "calling"
    assert stage.standing(is_busy).outcome == "busy"


def test_a_bug_ends_the_dialer_and_is_told(stage: Stage) -> None:
    stage.due(1)
    dora = enter(stage, Exchange(stage))
    dora.writer.plan["due.claim", 1] = "dies before"
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(asyncio.wait_for(dora.dialer.run(), SECONDS_MAX))
    assert raised.group_contains(DiedError)


def test_a_bug_while_the_line_is_asked_ends_it_too(stage: Stage) -> None:
    """Whatever the line does wrong would otherwise be done again for every call."""
    stage.due(1)
    dora = enter(stage, Exchange(stage))
    dora.writer.plan["attempts.note_progress", 1] = "dies before"
    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(asyncio.wait_for(dora.dialer.run(), SECONDS_MAX))
    assert raised.group_contains(DiedError)


def test_a_database_that_is_away_when_it_stops_does_not_hold_it_up(stage: Stage) -> None:
    stage.due(1)
    exchange = Exchange(stage)
    dora = enter(stage, exchange)
    dora.writer.then["attempts.note_progress"] = lambda: dora.writer.plan.update(
        {(verb, 0): "fails" for verb in ("attempts.note_progress", "attempts.end", "leases.renew")}
    )
    asyncio.run(stopped(dora.dialer, lambda: bool(exchange.asked)))
    assert len(stage.store.attempts.held("rehearsal", "dora", 10)) == 1


def test_a_line_that_confirms_slowly_holds_up_nobody_else(store: SqlStore) -> None:
    slow, *others = due(store, "7", *["2"] * 5)

    async def work() -> None:
        async_store = AsyncStore(store)
        line = OwesAnAnswer(ring_ms=10, slow_ms=0)

        def others_are_done() -> bool:
            if states(store, others) != {"done"}:
                return False
            assert attempt_of(store, slow).state == "placing"
            # Not before it is told to stop: nothing is waited for in between.
            asyncio.get_running_loop().call_soon(line.let_go.set)
            return True

        await stopped(dialer_of(async_store, line=line), others_are_done)
        await async_store.close()

    asyncio.run(work())
    # Told to stop, it still waited for the answer that the line owed.
    assert attempt_of(store, slow).state == "placed"


def test_a_dialers_work_is_counted(stage: Stage) -> None:
    for number, called_no in enumerate(["1", "2", "2", "8"]):
        stage.due(number, called_no)
    has_campaign(stage.session, 1, 8, status="paused")
    stage.due(9, campaign_id="8")
    registry = CollectorRegistry()
    context = DialerContext.of(
        post(),
        inline_async_store(stage.store),
        stage.line,
        DialerMetrics(registry),
        stage.clock,
        own_time=stage.database.own_time,
    )
    dora = Dialer(context)
    stage.clock.move(2_000)
    stage.run(dora)

    def counted(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"callkeeper_{name}", labels)

    assert counted("claimed_total") == 4
    assert counted("placed_total") == 3
    assert counted("held_total") == 1
    stage.run(dora, seconds=9)
    assert counted("answered_total") == 1
    assert counted("outcomes_total", outcome="busy") == 2
    assert counted("outcomes_total", outcome="refused") == 1
    assert counted("outcomes_total", outcome="answered") == 1
    assert counted("lateness_seconds_sum") == 4 * 2
    assert counted("live_attempts") == 0
    assert counted("due_reservations") == 0
    assert counted("line_up") == 1
    stage.clock.move(HOUR)
    stage.run(dora)
    assert counted("given_up_total") == 1
