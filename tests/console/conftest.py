"""One server for the tests of a file, where it is noon."""

from collections.abc import Iterator

import pytest

from callkeeper.clock import HandClock
from callkeeper.core.campaigns.business_result import Definition
from callkeeper.usecases.campaigns import Naming
from tests.console.visitor import Visitor, at_work
from tests.house import VDN, House

NOON = 1_795_867_200_000  # 2026-11-28 12:00 in UTC


@pytest.fixture(scope="module")
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: HandClock) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("console"), clock=clock) as house:
        yield house


@pytest.fixture(scope="module")
def agent(house: House) -> Visitor:
    """Agent ann, signed in; her VDN has a business result, and another one below it."""
    results = [
        Naming("Sold", "10", "").result(VDN, "", 0, house.now()),
        Naming("Not now", "11", "").result(VDN, "10", 0, house.now()),
    ]
    with house.store.transaction():
        house.store.business_results.define([Definition(results[0], (results[1],), "operator")])
    return at_work(house, "ann")
