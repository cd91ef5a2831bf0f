"""A clock moved by hand, and one database that two processes have open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.clock import HandClock
from callkeeper.store.rows.store import SqlStore
from tests.store.orders import NOW, Opener


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def stores(tmp_path: Path, database: str | None) -> Iterator[tuple[SqlStore, SqlStore]]:
    """One database, opened as two processes would."""
    with Opener(tmp_path / "data", database) as opener:
        first, second = opener.open().store, opener.open().store
        first.migrate()
        yield first, second
