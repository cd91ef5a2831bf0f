"""One server for the tests of a file, where it is noon; and a browser, for those that open it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from callkeeper.clock import HandClock
from callkeeper.core.campaigns.business_result import Definition
from callkeeper.usecases.campaigns import Naming
from tests.conftest import leave_out
from tests.console.browser import PROGRAM, Opens, Window, chromium
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not PROGRAM.exists():
        leave_out("the console in a browser: there is none here; apt-get install chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def opens(browser: Browser, house: House) -> Iterator[Opens]:
    """Open windows, which must have had nothing to complain of in the end."""
    windows: list[Window] = []

    def open_window(**how: Any) -> Window:
        windows.append(Window(browser, house, **how))
        return windows[-1]

    yield open_window
    for each in windows:
        each.close()
