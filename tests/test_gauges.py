"""Gauges of a server: what one of them waits for keeps no other from being told."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from prometheus_client import CollectorRegistry

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.installation.database import DATABASE_FILE, open_store
from callkeeper.processes.gauges import ServerGauges
from callkeeper.settings import Settings
from callkeeper.usecases.missed import MissedPromises
from callkeeper.usecases.readiness import FRESH_SECONDS, Readiness


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[AsyncStore]:
    store = open_store(Settings(data_dir=folder))
    store.migrate()
    async_store = AsyncStore(store)
    try:
        yield async_store
    finally:
        await async_store.close()


def is_up(registry: CollectorRegistry) -> bool:
    return registry.get_sample_value("callkeeper_database_up") == 1


async def none_missed() -> MissedPromises:
    return MissedPromises(0, 0)


def test_a_database_that_does_not_say_in_time_how_it_is_is_not_up(tmp_path: Path) -> None:
    async def ask() -> list[bool]:
        registry = CollectorRegistry()
        async with opened(tmp_path) as async_store:
            gauges = ServerGauges(registry, (), None, none_missed)
            readiness = Readiness(async_store)
            await gauges.refresh(readiness)
            told = [is_up(registry)]
            with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as other:
                other.execute("BEGIN IMMEDIATE")
                await asyncio.sleep(FRESH_SECONDS)
                await gauges.refresh(readiness)
                told.append(is_up(registry))
        return told

    assert asyncio.run(ask()) == [True, False]


def test_a_count_that_takes_long_does_not_keep_from_telling_that_the_database_is_away(
    tmp_path: Path,
) -> None:
    async def ask() -> list[bool]:
        registry, is_over = CollectorRegistry(), asyncio.Event()

        async def count() -> MissedPromises:
            await is_over.wait()
            return await none_missed()

        async with opened(tmp_path) as async_store:
            gauges = ServerGauges(registry, (), None, count)
            readiness = Readiness(async_store)
            await gauges.refresh(readiness)
            told = [is_up(registry)]
            with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as other:
                other.execute("ALTER TABLE schema_version RENAME TO elsewhere")
            await asyncio.sleep(FRESH_SECONDS)
            await gauges.refresh(readiness)
            told.append(is_up(registry))
            is_over.set()
        return told

    assert asyncio.run(ask()) == [True, False]
