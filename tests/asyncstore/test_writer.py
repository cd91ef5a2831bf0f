"""The writer's queue: whose orders go into the next batch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from callkeeper.asyncstore.batch import Write
from callkeeper.asyncstore.writer import BATCH_MAX, Writer
from callkeeper.core.refusal import DatabaseFailed


class HeldBatchWriter:
    """Takes batches, and answers each when it is told to."""

    restarts = 0

    def __init__(self) -> None:
        self.batches: list[list[object]] = []
        self.has_taken = asyncio.Event()
        self._answer: asyncio.Future[list[object]] | None = None

    def begin(self) -> None:
        """Do nothing."""

    def carry_out(self, batch: Sequence[Write]) -> "asyncio.Future[list[object]]":
        """Keep what was asked for."""
        self.batches.append([each.item for each in batch])
        self.has_taken.set()
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    async def stop(self) -> None:
        """Do nothing."""

    def answer(self) -> None:
        """Answer the batch that was taken last."""
        assert self._answer is not None
        self._answer.set_result(list(self.batches[-1]))


def verb(items: Sequence[object]) -> Sequence[object]:
    return items


def at_a_writer(work: Callable[[Writer, HeldBatchWriter], Awaitable[None]], **how: Any) -> None:
    async def all_of_it() -> None:
        batch_writer = HeldBatchWriter()
        await work(Writer(batch_writer, **how), batch_writer)

    asyncio.run(asyncio.wait_for(all_of_it(), 30))


async def until_taken(batch_writer: HeldBatchWriter, batches: int) -> None:
    while len(batch_writer.batches) < batches:
        batch_writer.has_taken.clear()
        await batch_writer.has_taken.wait()


def test_the_dialers_orders_go_before_all_that_requests_have_brought() -> None:
    async def work(writer: Writer, batch_writer: HeldBatchWriter) -> None:
        under_way = writer.write(verb, ["begun"])
        await until_taken(batch_writer, 1)
        requests = writer.write(verb, list(range(3 * BATCH_MAX)))
        dialers = writer.write(verb, ["claim"], goes_first=True)
        for batches in range(2, 6):
            batch_writer.answer()
            await until_taken(batch_writer, min(batches, 5))
        batch_writer.answer()
        await asyncio.gather(*under_way, *requests, *dialers)
        assert batch_writer.batches[1][:2] == ["claim", 0]
        assert [len(each) for each in batch_writer.batches] == [
            1,
            BATCH_MAX,
            BATCH_MAX,
            BATCH_MAX,
            1,
        ]
        assert [item for each in batch_writer.batches for item in each if item != "claim"] == [
            "begun",
            *range(3 * BATCH_MAX),
        ]

    at_a_writer(work)


def test_a_queue_that_requests_have_filled_still_takes_the_dialers_orders() -> None:
    async def work(writer: Writer, batch_writer: HeldBatchWriter) -> None:
        waiting = writer.write(verb, ["one", "two"])
        with pytest.raises(DatabaseFailed, match="too busy"):
            writer.write(verb, ["three"])
        waiting += writer.write(verb, ["claim"], goes_first=True)
        assert writer.oldest_seconds > 0
        await until_taken(batch_writer, 1)
        batch_writer.answer()
        assert await asyncio.gather(*waiting) == ["one", "two", "claim"]
        assert writer.oldest_seconds == 0

    at_a_writer(work, waiting_max=2)
