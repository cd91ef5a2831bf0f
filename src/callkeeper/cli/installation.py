"""The installation that a command is about: its settings, its store, and what is asked over it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from callkeeper.asyncstore.store import AsyncStore
from callkeeper.cli.sentence import say
from callkeeper.clock import SystemClock
from callkeeper.core.campaigns.campaign import campaign_id
from callkeeper.installation.database import check_schema, exposed, find_store
from callkeeper.installation.sealing import SEALING_FILE
from callkeeper.settings import Settings, SettingsWrong, load
from callkeeper.store.port.store import Store
from callkeeper.terminal import harmless
from callkeeper.usecases.campaigns import Campaigns, Definitions, campaign_meant

T = TypeVar("T")

_PASSWORD = re.compile(r"//[^@/?#]*:[^@]*@")
_PASSWORD_NAMED = re.compile(r"[?&](ssl)?password=")


def read_settings(data_dir: Path | None, database: str | None, **flags: object) -> Settings:
    """Return the settings, with the flags of a command on top. Raise SettingsWrong."""
    if database is not None and (
        _PASSWORD.search(database) or _PASSWORD_NAMED.search(unquote(database))
    ):
        raise SettingsWrong(
            "--database: a password on a command line is seen by everybody on this machine; set "
            "CALLKEEPER_DATABASE instead, or leave the password to PGPASSFILE, ~/.pgpass or a "
            "service file (postgresql:///?service=NAME)"
        )
    return load({"data_dir": data_dir, "database": database, **flags})


def other_settings(settings: Settings, data_dir: Path | None, database: str | None) -> Settings:
    """Return those of another installation, which has the same sealing key unless it has its own.

    Raise SettingsWrong where it is none but this one.
    """
    other = read_settings(data_dir or settings.data_dir, database)
    if database is None:
        other = msgspec.structs.replace(other, database=None)
    if data_dir is not None and (data_dir / SEALING_FILE).exists():
        other = msgspec.structs.replace(other, sealing_key=None)
    if (other.data_dir.resolve(), other.database) == (
        settings.data_dir.resolve(),
        settings.database,
    ):
        raise SettingsWrong("that is this very installation; name the other one")
    return other


def warn_of_exposure(settings: Settings) -> None:
    """Say what is secret and others can get at, before a process runs that uses it."""
    sentence = exposed(settings)
    if sentence is not None:
        say(f"callkeeper: {harmless(sentence)}", err=True)


@contextmanager
def existing_store(data_dir: Path | None, database: str | None) -> Iterator[Store]:
    """Open the store for a command that makes and migrates nothing. Raise SettingsWrong."""
    with store_of(read_settings(data_dir, database)) as store:
        yield store


@contextmanager
def store_of(settings: Settings) -> Iterator[Store]:
    """Open the store that settings name, which is there and up to date. Raise SettingsWrong."""
    store = find_store(settings)
    try:
        check_schema(store)
        yield store
    finally:
        store.close()


def ask_campaigns(
    data_dir: Path | None,
    database: str | None,
    question: Callable[[Campaigns], Awaitable[T]],
) -> T:
    """Return what the use cases of campaigns answer, over the store that there is."""
    settings = read_settings(data_dir, database)

    async def answer(async_store: AsyncStore) -> T:
        bounds = (settings.active_campaigns_max, settings.skill_queues)
        return await question(Campaigns(async_store, SystemClock(), *bounds))

    return _ask(data_dir, database, answer)


def campaign_of(data_dir: Path | None, database: str | None, vdn: int, text: str) -> int:
    """Return the id of the campaign that a person means by that or its name. Raise NoSuchCampaign.

    Whether there is one with an id is for what is asked about it to find out.
    """
    id_ = campaign_id(text)
    if id_ is not None:
        return id_
    with existing_store(data_dir, database) as store:
        return campaign_meant(store, vdn, text, SystemClock().now())


def ask_definitions(
    data_dir: Path | None,
    database: str | None,
    question: Callable[[Definitions], Awaitable[T]],
) -> T:
    """Return what the use cases of business results answer, over the store that there is."""

    async def answer(async_store: AsyncStore) -> T:
        return await question(Definitions(async_store, SystemClock()))

    return _ask(data_dir, database, answer)


def _ask(
    data_dir: Path | None,
    database: str | None,
    question: Callable[[AsyncStore], Coroutine[Any, Any, T]],
) -> T:
    async def answer(store: Store) -> T:
        async_store = AsyncStore(store)
        try:
            return await question(async_store)
        finally:
            await async_store.close()

    with existing_store(data_dir, database) as store:
        return asyncio.run(answer(store))
