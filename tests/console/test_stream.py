"""The stream: who is told that something has moved, of what, and how it ends."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from callkeeper.clock import HandClock, monotonic
from callkeeper.console.door import COOKIE
from callkeeper.console.stream import OF_PERSON_MAX
from callkeeper.core.people.changes import Disable, GiveRole, PersonOrder
from callkeeper.core.people.house_rules import HouseRules, RulesOrder
from callkeeper.core.people.person import Role
from callkeeper.core.people.presence import PRESENT_MS, RENEW_MS
from callkeeper.core.reservations.changes import Move, Result
from callkeeper.installation.database import DATABASE_FILE
from callkeeper.usecases.people import USED_MS
from tests.console.visitor import SUPERVISOR, Visitor, at_work, promise, unlike_any
from tests.house import HOUR, VDN, House
from tests.store.orders import carry_out, order
from tests.waiting import until

MINUTE = 60_000
OWN = f"{VDN}/own"
Event = tuple[str, dict[str, str]]


class Listener:
    """A browser that is connected to a stream."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.retry = 0
        self._lines = answer.iter_lines()

    def hear(self) -> Event:
        """Return the next event."""
        name = ""
        for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "retry":
                self.retry = int(value)
            elif field == "event":
                name = value
            elif field == "data":
                return name, json.loads(value)
        return "over", {}


@contextmanager
def listening(visitor: Visitor, query: str = f"?vdn={VDN}") -> Iterator[Listener]:
    headers = {"cookie": f"{COOKIE}={visitor.cookie}"}
    url = f"{visitor.house.url}/console/changes{query}"
    with httpx2.Client(timeout=30) as http, http.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        yield Listener(answer)


@pytest.fixture(scope="module")
def sue(house: House) -> Visitor:
    return at_work(house, "sue", Role("supervisor", VDN, "sue"))


def file(house: House, id_: str) -> None:
    carry_out(house.store, order(id_, Result(fail_code="00537"), vdn=VDN, at=house.now()))


def test_an_agent_is_told_of_their_own_part_and_a_supervisor_of_all(
    house: House, sue: Visitor, agent: Visitor
) -> None:
    with listening(sue) as all_of_it, listening(agent) as own:
        assert all_of_it.answer.headers["content-type"].startswith("text/event-stream")
        name, before = all_of_it.hear()
        assert (name, sorted(before)) == ("pulse", [str(VDN), OWN])
        assert own.hear() == ("pulse", {OWN: "0"})
        id_ = promise(house, HOUR, agent="somebody")
        name, after = all_of_it.hear()
        assert (name, after[OWN]) == ("pulse", before[OWN])
        assert after[str(VDN)] != before[str(VDN)]
        promise(house, HOUR)
        name, moved = own.hear()
        assert (name, moved[OWN] != "0") == ("pulse", True)
        assert 2_000 <= own.retry < 7_000
    file(house, id_)


def test_whoever_connects_is_told_how_it_stands_now(sue: Visitor) -> None:
    with listening(sue) as first:
        before = first.hear()
        with listening(sue) as second:
            assert second.hear() == before


def due(told: Event) -> tuple[str, str, str]:
    name, said = told
    return name, said["says"], said["opens"].rpartition("/")[2]


def test_an_agent_is_told_of_a_call_that_comes_due_and_nobody_else_is(
    house: House, sue: Visitor
) -> None:
    visitor = at_work(house, "rob", Role("agent", VDN, "rob"))
    ahead = promise(house, 20 * MINUTE, agent="rob")
    with listening(visitor) as own, listening(sue) as others:
        assert own.hear()[0] == others.hear()[0] == "pulse"
        soon = promise(house, 4 * MINUTE, agent="rob")
        assert own.hear()[0] == "pulse"
        assert due(own.hear()) == ("due", "A call is due at 12:04", soon)
        carry_out(house.store, order(soon, Move(remark="slowly"), vdn=VDN, at=house.now()))
        assert own.hear()[0] == "pulse"  # and a note announces nothing anew
        moved = house.now() + 5 * MINUTE
        carry_out(house.store, order(soon, Move(appoint_at=moved), vdn=VDN, at=house.now()))
        assert own.hear()[0] == "pulse"
        assert due(own.hear()) == ("due", "A call is due at 12:05", soon)
        # What others do moves the board, and that is all that its stream tells.
        assert {others.hear()[0] for _ in range(3)} == {"pulse"}
        with listening(visitor) as again:
            assert again.hear()[0] == "pulse"
            assert due(again.hear())[2] == soon
        late = promise(house, -3 * MINUTE, agent="rob")
        assert own.hear()[0] == "pulse"
        assert due(own.hear()) == ("due", "A call is late since 11:57", late)
    for each in (ahead, soon, late):
        file(house, each)


def test_minutes_of_warning_are_the_persons_or_the_houses(house: House) -> None:
    visitor = at_work(house, "tim", Role("agent", VDN, "tim"))
    rules = [RulesOrder(VDN, HouseRules(warning_minutes=30), 0, "operator", house.now())]
    with house.store.transaction():
        house.store.rules.change(rules)
    house.clock.move(3_000)  # type: ignore[attr-defined]
    ids = [promise(house, minutes * MINUTE, agent="tim") for minutes in (3, 29, 31)]
    form = {"name": "Tim", "language": "zh_CN", "zone": "Asia/Shanghai"}
    visitor.send("/console/me", form)
    house.clock.move(3_000)  # type: ignore[attr-defined]
    with listening(visitor) as stream:
        assert stream.hear()[0] == "pulse"
        assert due(stream.hear()) == ("due", "20:03有一个预约外呼", ids[0])
        assert due(stream.hear())[2] == ids[1]
    visitor.send("/console/me", form | {"warning_minutes": "0"})
    house.clock.move(3_000)  # type: ignore[attr-defined]
    with listening(visitor) as stream:
        assert stream.hear()[0] == "pulse"
        file(house, ids[0])
        assert stream.hear()[0] == "pulse"
    for each in ids[1:]:
        file(house, each)


def test_who_is_signed_out_or_loses_the_right_is_told_no_more(house: House) -> None:
    visitor = at_work(house, "eve", SUPERVISOR)
    with listening(visitor) as stream:
        assert stream.hear()[0] == "pulse"
        gone = PersonOrder("eve", Disable(), "operator", house.now())
        with house.store.transaction():
            house.store.people.change([gone])
        house.clock.move(3_000)  # type: ignore[attr-defined]
        assert stream.hear() == ("out", {})
        assert stream.hear() == ("over", {})


def test_whoever_listens_is_there_and_no_longer_than_a_lease_after_that(
    house: House, sue: Visitor, clock: HandClock
) -> None:
    visitor = at_work(house, "pia", Role("agent", VDN, "pia"))

    def lease_of(login: str) -> int:
        return house.store.people.seen([login], VDN)[login].lease_until or 0

    def renewed(login: str) -> bool:
        return lease_of(login) == house.now() + PRESENT_MS

    with listening(sue) as others:
        others.hear()
        with listening(visitor) as stream:
            stream.hear()
            for _ in range(5):
                clock.move(RENEW_MS)
                until(lambda: renewed("pia"))
        until(lambda: "callkeeper_console_streams 1.0" in metrics(house))
        last = lease_of("pia")
        clock.move(RENEW_MS)
        until(lambda: renewed("sue"))
        assert lease_of("pia") == last
    sighting = house.store.people.seen(["pia"], VDN)["pia"]
    assert [sighting.presence(each) for each in (last - 1, last)] == ["present", "absent"]


def metrics(house: House) -> str:
    return house.http.get(f"{house.url}/metrics").text


def test_strangers_are_told_to_sign_in_and_others_that_it_is_not_for_them(
    house: House, agent: Visitor
) -> None:
    assert Visitor(house).look(f"/console/changes?vdn={VDN}").status == 401
    for query in ("", "?vdn=26", "?vdn=0", "?vdn=x", "?vdn=%00"):
        assert agent.look(f"/console/changes{query}").status == 403


def looks(house: House) -> int:
    """Return how often the database was asked whether a VDN has moved."""
    text = house.http.get(f"{house.url}/metrics").text
    (count,) = re.findall(r"^callkeeper_console_pulse_seconds_count (\d+)", text, re.MULTILINE)
    return int(count)


def test_nothing_is_watched_or_counted_for_whoever_has_nothing_there(
    house: House, agent: Visitor
) -> None:
    before = looks(house)
    pages = 5 * ["31/board", "31/today", f"{VDN}/board"]
    for page in pages:
        assert agent.look(f"/console/{page}").status == 403
    assert looks(house) - before < len(pages)  # who listened before may be watched a last time
    foreign = range(31, 71)
    query = f"?vdn={VDN}" + "".join(f"&vdn={each}" for each in foreign)
    with listening(agent, query) as stream:
        assert stream.hear()[0] == "pulse"
        assert 0 < looks(house) - before < len(foreign)


def test_another_role_that_comes_while_one_listens_is_told_of(
    house: House, clock: HandClock
) -> None:
    login = unlike_any()
    visitor = at_work(house, login, Role("agent", VDN, login))
    with listening(visitor, f"?vdn={VDN}") as stream:
        name, numbers = stream.hear()
        assert (name, list(numbers)) == ("pulse", [f"{VDN}/own"])
        given = GiveRole(SUPERVISOR)
        with house.store.transaction():
            house.store.people.change([PersonOrder(login, given, "operator", house.now(), VDN)])
        clock.move(3_000)
        name, numbers = stream.hear()
        assert (name, str(VDN) in numbers) == ("pulse", True)


def test_nobody_has_more_streams_than_browsers(sue: Visitor) -> None:
    with ExitStack() as many:
        listeners = [many.enter_context(listening(sue)) for _ in range(OF_PERSON_MAX)]
        assert {each.hear()[0] for each in listeners} == {"pulse"}
        assert sue.look(f"/console/changes?vdn={VDN}").status == 429
    # Those that have gone make room again.
    with listening(sue) as stream:
        assert stream.hear()[0] == "pulse"


def test_a_database_that_is_away_is_told_and_so_is_that_it_is_back(
    house: House, sue: Visitor
) -> None:
    file_ = house.settings.data_dir / DATABASE_FILE
    with listening(sue) as stream, closing(sqlite3.connect(file_, isolation_level=None)) as other:
        assert stream.hear()[0] == "pulse"
        other.execute("ALTER TABLE outstanding RENAME TO elsewhere")
        try:
            assert stream.hear() == ("lost", {})
        finally:
            other.execute("ALTER TABLE elsewhere RENAME TO outstanding")
        assert stream.hear()[0] == "pulse"


def test_a_list_that_asks_because_it_was_told_needs_no_look_at_all_that_the_vdn_has(
    house: House, agent: Visitor
) -> None:
    def looks() -> float:
        text = house.http.get(f"{house.url}/metrics").text
        return float(text.partition("callkeeper_console_pulse_seconds_count ")[2].split()[0])

    def ask(told: str) -> str:
        return agent.look(f"/console/{VDN}/today", x_by_itself=told).seen.text

    with listening(agent) as own:
        own.hear()
        id_ = promise(house, HOUR)
        _, moved = own.hear()
        told, before, begun = moved[OWN], looks(), monotonic()
        pages = [ask(told) for _ in range(20)]
        assert looks() - before <= 1 + (monotonic() - begun)  # the watch's own, once a second
        assert all(f'data-pulse="{told}"' in each and id_ in each for each in pages)
        before = looks()
        assert f'data-pulse="{told}"' in ask("of another process")
        assert looks() > before
    file(house, id_)


def test_streams_are_counted_and_are_no_measure_of_how_long_a_page_takes(
    house: House, sue: Visitor
) -> None:
    with listening(sue) as stream:
        stream.hear()
        text = house.http.get(f"{house.url}/metrics").text
        assert "callkeeper_console_streams 1.0" in text
        assert 'callkeeper_console_pages_total{page="/console/changes"}' in text
        assert "callkeeper_console_pulse_seconds_count" in text
        before = text.partition('request_seconds_count{interface="console"} ')[2].split()[0]
    after = house.http.get(f"{house.url}/metrics").text
    assert f'request_seconds_count{{interface="console"}} {before}' in after


def test_each_request_of_a_page_is_counted_as_one_of_that_page(house: House, sue: Visitor) -> None:
    def counted() -> float:
        text = house.http.get(f"{house.url}/metrics").text
        series = 'callkeeper_console_pages_total{page="/console/{vdn}/board"} '
        return float(text.partition(series)[2].split()[0])

    sue.look(f"/console/{VDN}/board")
    before = counted()
    for _ in range(3):
        sue.look(f"/console/{VDN}/board?show=late")
    sue.look("/console/me")
    assert counted() == before + 3


def test_a_server_that_is_told_to_stop_waits_for_no_stream(tmp_path: Path) -> None:
    with House(tmp_path, clock=HandClock(1_795_867_200_000)) as house:
        visitor = at_work(house, "sue", SUPERVISOR)
        with listening(visitor) as stream:
            assert stream.hear()[0] == "pulse"
            house.stop()
            assert stream.hear() == ("over", {})


def test_a_browser_that_connects_again_by_itself_keeps_no_session_alive(house: House) -> None:
    login = unlike_any()
    visitor = at_work(house, login, SUPERVISOR)
    used = [each.used_at for each in house.store.sessions.of(login)]
    house.clock.move(2 * USED_MS)  # type: ignore[attr-defined]
    with listening(visitor) as stream:
        assert stream.hear()[0] == "pulse"
    assert [each.used_at for each in house.store.sessions.of(login)] == used
    visitor.look("/console/help")
    assert [each.used_at for each in house.store.sessions.of(login)] == [house.now()]
