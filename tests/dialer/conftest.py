"""A stage for the dialer, on each engine in turn."""

from collections.abc import Iterator

import pytest

from tests.dialer.stage import Stage
from tests.memory import folder_in_memory
from tests.store.orders import Opener, has_campaign


@pytest.fixture
def stage(database: str | None) -> Iterator[Stage]:
    """A migrated database with campaign 7 in VDNs 1 and 2, a line and a clock."""
    with folder_in_memory() as folder, Opener(folder, database) as opener:
        opened = opener.open()
        opened.store.migrate()
        for vdn in (1, 2):
            has_campaign(opened.session, vdn, caller_numbers='[{"number":"10086"}]')
        yield Stage(opened)
