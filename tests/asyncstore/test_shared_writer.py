"""One process that writes for several that serve: together, each with its own answers."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from callkeeper.asyncstore.batch import Write
from callkeeper.asyncstore.shared_writer import SharedWriter, listening
from callkeeper.asyncstore.writer_process import WriterProcess
from callkeeper.core.refusal import DatabaseFailed, NoSuchReservation
from callkeeper.core.reservations.changes import Result
from callkeeper.core.reservations.reservation import Reservation
from callkeeper.settings import Settings
from callkeeper.store.rows.store import SqlStore
from tests.processes import stop
from tests.store.orders import order

COUNT = 3


class Trio:
    """Three that serve, with one process that writes for them; and whoever keeps that running."""

    def __init__(self, keeper: WriterProcess, path: Path) -> None:
        self.keeper = keeper
        self.servers = [SharedWriter(path, 20.0) for _ in range(COUNT)]
        self.path = path

    async def keep(self) -> None:
        """Look at the process once, as whoever started it does again and again."""
        await self.keeper.carry_out([])

    async def file(self, call_id: str, *ids: str) -> list[list[object]]:
        """File a result of some reservations by each of them at once."""
        batch = [Write(NAMES.reservations.change, order(id_, Result(call_id))) for id_ in ids]
        return await asyncio.gather(*(each.carry_out(batch) for each in self.servers))


NAMES = SqlStore(None)  # type: ignore[arg-type]  # names the verbs, and no more


@pytest.fixture
def with_trio(
    tmp_path: Path, database: str | None, store: SqlStore
) -> Callable[[Callable[[Trio], Awaitable[None]]], None]:
    settings = Settings(data_dir=tmp_path, database=database)

    async def all_of_it(work: Callable[[Trio], Awaitable[None]]) -> None:
        with listening(tmp_path) as (listener, path):
            keeper = WriterProcess(settings, store.file, listener=listener)
            trio = Trio(keeper, path)
            try:
                await trio.keep()
                await work(trio)
            finally:
                for each in trio.servers:
                    await each.stop()
                await keeper.stop()

    return lambda work: uvloop.run(asyncio.wait_for(all_of_it(work), 60))


Run = Callable[[Callable[[Trio], Awaitable[None]]], None]


def test_each_is_answered_what_became_of_its_own(with_trio: Run, store: SqlStore) -> None:
    async def work(trio: Trio) -> None:
        for outcomes in await trio.file("c", "r00000", "r00099"):
            written, refused = outcomes
            assert isinstance(written, Reservation)
            assert isinstance(refused, NoSuchReservation)

    with_trio(work)
    assert [each.version for each in store.history.of(1, "r00000")] == list(range(1, COUNT + 2))


def test_where_it_is_lost_what_it_had_is_unknown_and_what_follows_waits_for_the_next(
    with_trio: Run,
) -> None:
    async def work(trio: Trio) -> None:
        await trio.file("a", "r00000")
        first = trio.keeper.pid
        assert first is not None
        stop(first)
        lost = asyncio.create_task(trio.file("b", "r00000"))
        await asyncio.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        for (outcome,) in await lost:
            assert isinstance(outcome, DatabaseFailed)
            assert "may be stored or not" in outcome.sentence
        after = asyncio.create_task(trio.file("c", "r00000"))  # nobody is there to read it
        await asyncio.sleep(0.05)
        assert not after.done()
        await trio.keep()
        for (written,) in await after:
            assert isinstance(written, Reservation)
        assert [each.restarts for each in trio.servers] == [1] * COUNT

    with_trio(work)


def test_whoever_looks_at_it_does_not_wait_for_what_others_write(
    with_trio: Run, store: SqlStore
) -> None:
    async def work(trio: Trio) -> None:
        await trio.file("a", "r00000")
        pid = trio.keeper.pid
        assert pid is not None
        stop(pid)  # so that all of it arrives together
        with store.transaction():
            store.reservations.change([order("r00000", Result("held"))])  # and locks the row
            writing = asyncio.create_task(trio.file("b", "r00000"))
            await asyncio.sleep(0.05)
            looked = trio.keeper.carry_out([])
            os.kill(pid, signal.SIGCONT)
            assert await looked == []
            assert not writing.done()
        for (written,) in await writing:
            assert isinstance(written, Reservation)

    with_trio(work)


def test_one_of_them_counts_how_often_it_was_lost(with_trio: Run) -> None:
    async def work(trio: Trio) -> None:
        silent = SharedWriter(trio.path, 20.0, counts=False)
        for _ in range(2):
            silent.begin()
            await silent.stop()
        assert silent.restarts == 0

    with_trio(work)


def test_one_that_is_killed_leaves_the_others_writing(with_trio: Run) -> None:
    async def work(trio: Trio) -> None:
        await trio.file("a", "r00000")
        writing = asyncio.create_task(trio.file("b", "r00000"))
        await asyncio.sleep(0)
        await trio.servers.pop().stop()  # its batch may have arrived, and its answer has no reader
        for _ in range(10):
            for (written,) in await trio.file("c", "r00000"):
                assert isinstance(written, Reservation)
        writing.cancel()

    with_trio(work)


def test_one_that_does_not_answer_in_time_is_replaced(
    with_trio: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work(trio: Trio) -> None:
        await trio.file("a", "r00000")
        first = trio.keeper.pid
        assert first is not None
        stop(first)
        silent = SharedWriter(trio.path, 0.2)
        write = Write(NAMES.reservations.change, order("r00000", Result("b")))
        (outcome,) = await silent.carry_out([write])
        assert isinstance(outcome, DatabaseFailed)
        assert "did not answer in time, so this may be stored or not" in outcome.sentence
        await silent.stop()
        trio.keeper.seconds_max = 0.3
        await trio.keep()  # ends it after that
        assert trio.keeper.pid is None
        trio.keeper.seconds_max = 20.0
        await trio.keep()
        for (written,) in await trio.file("c", "r00000"):
            assert isinstance(written, Reservation)

    with_trio(work)
    assert "writer_timed_out" in "".join(capfd.readouterr())


def test_where_nobody_listens_what_was_to_be_written_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        alone = SharedWriter(tmp_path / "nothing.sock", 1.0)
        write = Write(NAMES.reservations.change, order("r00000", Result("b")))
        (outcome,) = await alone.carry_out([write])
        assert isinstance(outcome, DatabaseFailed)
        assert "cannot be reached (" in outcome.sentence

    uvloop.run(asyncio.wait_for(work(), 10))


def test_what_is_sent_by_somebody_who_is_none_of_ours_ends_their_connection_alone(
    with_trio: Run,
) -> None:
    async def work(trio: Trio) -> None:
        reader, writer = await asyncio.open_unix_connection(str(trio.path))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        for (written,) in await trio.file("a", "r00000"):
            assert isinstance(written, Reservation)

    with_trio(work)
