"""The health of the installation, as operators are shown it: what the doctor finds, in a page."""

import asyncio
import os
import re
import socket
import sqlite3
import threading
from contextlib import closing

import pytest

from callkeeper import __version__
from callkeeper.clock import HandClock
from callkeeper.console.figures import Slowest
from callkeeper.core.people.person import Person
from callkeeper.core.refusal import NoRight
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.usecases.checks import FRESH_MS, Check, CheckUps
from tests.console.visitor import ADMINISTRATOR, OPERATOR, Visitor, at_work
from tests.house import House

HEALTH = "/console/health"


@pytest.fixture(scope="module")
def operator(house: House) -> Visitor:
    return at_work(house, "root", OPERATOR)


def person(*roles: object) -> Person:
    return Person("root", 1, "", None, None, 0, None, has_password=True, roles=roles)  # type: ignore[arg-type]


def test_what_the_doctor_finds_is_shown_and_looked_at_again_when_asked(
    house: House, clock: HandClock, operator: Visitor
) -> None:
    page = operator.look(HEALTH)
    assert page.status == 200
    assert f"version {__version__}" in page.text
    assert "writing good" in page.text
    file = house.settings.data_dir / DATABASE_FILE
    clock.move(FRESH_MS)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("ALTER TABLE probe RENAME TO elsewhere")
        try:
            assert "writing good" in operator.look(HEALTH).text
            again = operator.send(HEALTH)
            assert again.seen.headers["location"] == HEALTH
            assert "writing look into it" in again.follow().text
        finally:
            database.execute("ALTER TABLE elsewhere RENAME TO probe")


def test_the_process_that_answers_says_its_streams_and_its_slowest_pages(
    operator: Visitor,
) -> None:
    operator.look("/console/lines")
    page = operator.look(HEALTH).text
    assert f"process {os.getpid()} on {socket.gethostname()} says of itself" in page
    assert "open streams: 0 · slowest pages of the last 15 minutes:" in page
    assert re.search(r"/console/lines 0\.\d{3} s", page)


def test_the_slowest_pages_are_those_of_the_last_minutes() -> None:
    slowest = Slowest()
    assert slowest.first(3, 0) == {}
    for page, seconds, minute in (("a", 0.5, 0), ("b", 0.2, 1), ("a", 0.1, 2), ("c", 0.3, 2)):
        slowest.note(page, seconds, minute * 60)
    assert list(slowest.first(2, 2 * 60).items()) == [("a", 0.5), ("c", 0.3)]
    assert list(slowest.first(9, 15 * 60).items()) == [("c", 0.3), ("b", 0.2), ("a", 0.1)]
    assert slowest.first(9, 17 * 60) == {}


def test_health_is_for_operators(house: House) -> None:
    keeper = at_work(house, "keeper", ADMINISTRATOR)
    assert keeper.look(HEALTH).status == 403
    assert keeper.send(HEALTH).status == 403


def test_many_who_ask_at_once_are_told_what_one_check_up_finds() -> None:
    clock, runs, may_go = HandClock(1_000_000), list[int](), threading.Event()

    def run() -> list[Check]:
        runs.append(1)
        assert may_go.wait(30)
        return [Check("disk", good=True, says="full of room")]

    async def ask() -> None:
        checkups = CheckUps(run, clock)
        asked = [asyncio.create_task(checkups.again(person(OPERATOR))) for _ in range(20)]
        await asyncio.sleep(0)
        may_go.set()
        found = await asyncio.gather(*asked)
        assert len({id(each) for each in found}) == len(runs) == 1
        assert await checkups.again(person(OPERATOR)) is await checkups.last(person(OPERATOR))
        clock.move(FRESH_MS)
        await checkups.again(person(OPERATOR))
        assert len(runs) == 2
        with pytest.raises(NoRight):
            await checkups.last(person(ADMINISTRATOR))

    asyncio.run(ask())
