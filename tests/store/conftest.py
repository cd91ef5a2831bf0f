"""A store on an empty database, on each engine in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
