"""One house for all tests of a file that leave nothing behind that another would trip over."""

from collections.abc import Iterator

import pytest

from callkeeper.clock import HandClock
from tests.house import House

PUBLISHED_AT = 1_747_310_400_000  # 2025-05-15T12:00:00Z, when the published examples were made


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in May 2025, where time stands still."""
    directory = tmp_path_factory.mktemp("shared")
    with House(directory, clock=HandClock(PUBLISHED_AT)) as house:
        yield house
