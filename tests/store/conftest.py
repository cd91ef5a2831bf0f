"""A store on an empty database, on each engine in turn."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from callkeeper.installation.database import DATABASE_FILE
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import Opened, Opener, has_campaign


@pytest.fixture
def opener(tmp_path: Path, database: str | None) -> Iterator[Opener]:
    """Whoever opens the same database again and again, as processes of their own would."""
    with Opener(tmp_path / "data", database) as opener:
        yield opener


@pytest.fixture
def empty(tmp_path: Path, empty_database: str | None) -> Iterator[Opener]:
    """Whoever opens a database again and again that nobody has migrated."""
    with Opener(tmp_path / "empty", empty_database) as opener:
        yield opener


@pytest.fixture
def opened(opener: Opener) -> Opened:
    """A migrated database with campaign 7 in VDNs 1 and 2."""
    opened = opener.open()
    opened.store.migrate()
    for vdn in (1, 2):
        has_campaign(opened.session, vdn)
    return opened


@pytest.fixture
def store(opened: Opened) -> SqlStore:
    """The store on it."""
    return opened.store


@pytest.fixture
def run(opened: Opened, database: str | None, tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Whatever runs the operator's own SQL."""
    assert opened.store.schema_version() > 0
    connection: Any
    if database is not None:
        with psycopg.connect(database, autocommit=True) as connection:
            yield lambda text: connection.execute(text.encode())
    else:
        file = tmp_path / "data" / DATABASE_FILE
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            yield connection.execute
