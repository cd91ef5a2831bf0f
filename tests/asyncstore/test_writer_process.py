"""The process that writes: what comes back from it, and what is told when it is lost."""

import asyncio
import os
import re
import resource
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvloop

from callkeeper.asyncstore.batch import Write, WriteBroke
from callkeeper.asyncstore.writer import BATCH_MAX
from callkeeper.asyncstore.writer_process import WriterProcess
from callkeeper.core.refusal import DatabaseFailed, NoSuchReservation
from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from tests.durability.server import ServerProcess
from tests.private_postgres import PrivatePostgres
from tests.processes import are_gone, stop
from tests.store.orders import Opener, booked, booking, has_campaign, order
from tests.waiting import until
from tests.warm import warm_writer

# What holds of the server's own is to hold of the copies that most tests have in its place.
COLD_AND_WARM = pytest.mark.parametrize("make", [WriterProcess, warm_writer], ids=["cold", "warm"])
NO_STORE = SqlStore(None)  # type: ignore[arg-type]  # names the verbs, and no more


@pytest.fixture
def settings(tmp_path: Path, database: str | None) -> Settings:
    return Settings(data_dir=tmp_path, database=database)


def with_process(
    settings: Settings,
    work: Callable[[WriterProcess], Awaitable[None]],
    make: Callable[[Settings], WriterProcess] = WriterProcess,
) -> None:
    async def all_of_it() -> None:
        process = make(settings)
        try:
            await work(process)
        finally:
            await process.stop()

    uvloop.run(asyncio.wait_for(all_of_it(), 30))  # the loop that it has in the server


def filed(store: SqlStore, *ids: str) -> list[Write]:
    return [Write(store.reservations.change, order(id_, Result(call_id="c"))) for id_ in ids]


def pid_of(process: WriterProcess) -> int:
    assert process.pid is not None
    return process.pid


def test_outcomes_and_refusals_come_back_as_they_are(settings: Settings, store: SqlStore) -> None:
    async def work(process: WriterProcess) -> None:
        written, refused = await process.carry_out(filed(store, "r00000", "r00099"))
        assert isinstance(written, Reservation)
        assert written == store.reservations.with_id("r00000")[0]
        assert isinstance(refused, NoSuchReservation)
        assert (refused.about, "r00099" in refused.sentence) == ("id", True)

    with_process(settings, work)


def test_a_batch_larger_than_a_pipe_gets_there_and_back(
    settings: Settings, store: SqlStore
) -> None:
    async def work(process: WriterProcess) -> None:
        bookings = [booking(number, remark=f"{number:01000}") for number in range(1, BATCH_MAX)]
        batch = [Write(store.reservations.add, each) for each in bookings]
        outcomes = await process.carry_out(batch)
        assert not [each for each in outcomes if isinstance(each, Exception)]

    with_process(settings, work)


def test_a_bug_comes_back_with_the_words_that_tell_where_it_is(
    settings: Settings, store: SqlStore
) -> None:
    async def work(process: WriterProcess) -> None:
        in_no_year = order("r00000", Result(begin_at=2**62, end_at=2**61))
        broken = Write(store.reservations.change, in_no_year)
        bug, written = await process.carry_out([broken, *filed(store, "r00000")])
        assert isinstance(bug, WriteBroke)
        assert "rows/reservations.py" in str(bug)
        assert isinstance(written, Reservation)

    with_process(settings, work)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (booking(5, kind=None), "Expected `str`, got `None` - at `$.wish.kind`"),
        (booking(5, agent=5), "Expected `str | null`, got `int`"),
        (booking(5, remark=object()), "Encoding objects of type object is unsupported"),
        (booking(5, campaign_id=2**64), "ints < -2**63 or > 2**64 - 1"),
        ("no booking at all", "Expected `object`, got `str`"),
    ],
)
def test_what_cannot_travel_fails_alone_and_is_not_written(
    settings: Settings, store: SqlStore, broken: object, said: str
) -> None:
    async def work(process: WriterProcess) -> None:
        writes = [Write(store.reservations.add, each) for each in (booking(1), broken, booking(2))]
        outcomes: list[Any] = await process.carry_out([*filed(store, "r00000"), *writes])
        _, first, bug, last = outcomes
        assert said in str(bug)
        assert (first.reservation.id, last.reservation.id) == ("r00001", "r00002")

    with_process(settings, work)


@COLD_AND_WARM
def test_one_that_is_lost_answers_that_it_is_unknown_and_is_replaced(
    settings: Settings, store: SqlStore, make: Callable[[Settings], WriterProcess]
) -> None:
    async def work(process: WriterProcess) -> None:
        await process.carry_out(filed(store, "r00000"))
        first = pid_of(process)
        stop(first)
        answer = process.carry_out(filed(store, "r00000", "r00000"))
        os.kill(first, signal.SIGKILL)
        outcomes = await answer
        assert [type(each) for each in outcomes] == [DatabaseFailed] * 2
        assert "may be stored or not" in str(outcomes[0])
        (written,) = await process.carry_out(filed(store, "r00000"))
        assert isinstance(written, Reservation)
        assert pid_of(process) != first

    with_process(settings, work, make)


def test_one_that_does_not_answer_in_time_is_replaced_and_what_it_had_is_unknown(
    settings: Settings, store: SqlStore, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work() -> None:
        process = WriterProcess(settings, seconds_max=0.3)
        try:
            process.begin()
            first = pid_of(process)
            stop(first)
            (outcome,) = await process.carry_out(filed(store, "r00000"))
            assert isinstance(outcome, DatabaseFailed)
            assert "did not answer in time, so this may be stored or not" in outcome.sentence
            assert process.pid is None
            await asyncio.to_thread(until, lambda: are_gone([first]))
        finally:
            await process.stop()

    uvloop.run(asyncio.wait_for(work(), 30))
    assert "writer_timed_out" in "".join(capfd.readouterr())


def test_a_commit_that_waits_for_a_standby_which_is_none_is_given_up(
    own_postgres: PrivatePostgres, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database=own_postgres.new_database())

    async def work() -> None:
        process = WriterProcess(settings, seconds_max=3)
        try:
            await process.carry_out(filed(opened.store, "r00000"))
            own_postgres.wait_for("ghost")
            (outcome,) = await process.carry_out(filed(opened.store, "r00000"))
            assert isinstance(outcome, DatabaseFailed)
            assert "may be stored or not" in outcome.sentence
            own_postgres.wait_for("")
            written: object = None
            while not isinstance(written, Reservation):  # a new process takes its time to begin
                (written,) = await process.carry_out(filed(opened.store, "r00000"))
        finally:
            await process.stop()

    with Opener(tmp_path, settings.database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        booked(opened.store, booking(0))
        uvloop.run(asyncio.wait_for(work(), 60))


def test_a_batch_that_is_not_taken_in_lets_the_loop_go_on(
    settings: Settings, store: SqlStore
) -> None:
    async def work(process: WriterProcess) -> None:
        await process.carry_out(filed(store, "r00000"))
        stop(pid_of(process))
        many = [booking(number, remark="x" * 4_000) for number in range(1, BATCH_MAX)]
        answer = process.carry_out([Write(store.reservations.add, each) for each in many])
        for _ in range(3):
            await asyncio.sleep(0)  # would never return, were the loop to wait for the pipe
        assert not answer.done()
        os.kill(pid_of(process), signal.SIGCONT)
        outcomes = await answer
        assert not [each for each in outcomes if isinstance(each, Exception)]

    with_process(settings, work)


def test_one_that_is_lost_while_it_waits_is_replaced_before_anybody_notices(
    settings: Settings, store: SqlStore
) -> None:
    async def work(process: WriterProcess) -> None:
        await process.carry_out(filed(store, "r00000"))
        os.kill(pid_of(process), signal.SIGKILL)
        await asyncio.to_thread(until, lambda: process.pid is None)
        (written,) = await process.carry_out(filed(store, "r00000"))
        assert isinstance(written, Reservation)

    with_process(settings, work)


@COLD_AND_WARM
def test_signals_to_the_group_leave_it_writing_and_it_ends_when_told(
    settings: Settings, store: SqlStore, make: Callable[[Settings], WriterProcess]
) -> None:
    pids: list[int] = []

    async def work(process: WriterProcess) -> None:
        await process.carry_out(filed(store, "r00000"))
        pids.append(pid_of(process))
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pids[0], number)
        (written,) = await process.carry_out(filed(store, "r00000"))
        assert isinstance(written, Reservation)

    with_process(settings, work, make)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_one_that_finds_no_database_refuses_what_it_was_to_write(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database="postgresql://127.0.0.1:1/nothing")

    async def work(process: WriterProcess) -> None:
        (outcome,) = await process.carry_out(filed(NO_STORE, "r00000"))
        assert isinstance(outcome, DatabaseFailed)

    with_process(settings, work)


def test_one_that_ends_by_itself_says_why_and_the_log_has_its_status(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = Settings(data_dir=tmp_path, database="postgresql://localhost/calls?nonsense=1")
    said: list[str] = []

    def has_told() -> bool:
        said.extend(capfd.readouterr())
        return "writer_lost" in "".join(said)

    async def work(process: WriterProcess) -> None:
        (outcome,) = await process.carry_out(filed(NO_STORE, "r00000"))
        assert isinstance(outcome, DatabaseFailed)
        await asyncio.to_thread(until, has_told)

    with_process(wrong, work)
    assert "SettingsWrong" in "".join(said)
    assert re.search(r"writer_lost.*status=1\b", re.sub(r"\x1b\[\d*m", "", "".join(said)))


def test_one_that_cannot_be_started_just_now_is_started_for_the_next_batch(
    settings: Settings, store: SqlStore
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def work(process: WriterProcess) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))  # not one file more
        try:
            (outcome,) = await process.carry_out(filed(store, "r00000"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert isinstance(outcome, DatabaseFailed)
        assert "cannot be reached" in outcome.sentence
        (written,) = await process.carry_out(filed(store, "r00000"))
        assert isinstance(written, Reservation)

    with_process(settings, work)


def test_it_ends_when_the_process_that_it_writes_for_is_killed(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, None) as server:
        server.start()
        server.kill(also_children=False)  # waits until both are gone
