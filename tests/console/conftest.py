"""One server for the tests of a file, where it is noon."""

from collections.abc import Iterator

import pytest

from callkeeper.clock import HandClock
from tests.house import House

NOON = 1_795_867_200_000  # 2026-11-28 12:00 in UTC


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("console"), clock=clock) as house:
        yield house
