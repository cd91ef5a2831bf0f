"""A store to write into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callkeeper.store.rows.store import SqlStore
from tests.store.orders import Opener, booked, booking, has_campaign


@pytest.fixture
def store(tmp_path: Path, database: str | None) -> Iterator[SqlStore]:
    """A store with reservation r00000."""
    with Opener(tmp_path, database) as opener:
        opened = opener.open()
        opened.store.migrate()
        has_campaign(opened.session, 1)
        booked(opened.store, booking(0))
        yield opened.store
