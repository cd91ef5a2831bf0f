"""A VDN that moves to another installation: all of it, once, and served in one place at a time."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callkeeper.clock import HandClock
from callkeeper.core.people.changes import NewPerson
from callkeeper.core.people.house_rules import HouseRules, RulesOrder
from callkeeper.core.people.person import Role, Tie
from callkeeper.core.people.session import new_link
from callkeeper.core.refusal import VdnGone
from callkeeper.core.reservations.changes import Result
from callkeeper.core.transfer import TransferRefused
from callkeeper.installation.sealing import Seal
from callkeeper.installation.transfer_file import Sums, TransferFile, sums_of
from callkeeper.store.engine.migrate import Migration
from callkeeper.store.rows.store import SqlStore
from callkeeper.store.rows.transfers import LEFT, TABLES
from callkeeper.usecases.keys import issue
from callkeeper.usecases.transfers import Import, Transfers
from tests.private_postgres import PrivatePostgres
from tests.store.calls import LEAD, begin, begun, claim, due, end, ending
from tests.store.orders import NOW, Opener, booked, booking, carry_out, has_campaign, order

MANY = 2_100  # reservations; a batch is 500 rows
PAIRS = [("sqlite", "postgres"), ("postgres", "postgres"), ("postgres", "sqlite")]
OURS, THEIRS = Seal(b"o" * 32), Seal(b"t" * 32)
KILLED = """
import os, signal, sys
from pathlib import Path
from callkeeper.clock import HandClock
from callkeeper.installation.database import find_store
from callkeeper.installation.sealing import Seal
from callkeeper.installation.transfer_file import TransferFile
from callkeeper.settings import Settings
from callkeeper.usecases.transfers import Transfers
store = find_store(Settings(data_dir=Path(sys.argv[1]), database=sys.argv[2] or None))
def tell(done, of, what):
    if done >= 1500:
        os.kill(os.getpid(), signal.SIGKILL)
ours = Seal(b"o" * 32)
transfers = Transfers(store, Seal(b"t" * 32), HandClock(0), print)
transfers.bring_in(TransferFile(Path(sys.argv[3]), ours), ours, same_people=False, tell=tell)
"""


class Places:
    """Where a VDN moves from and to, and the file between the two."""

    def __init__(self, source: Opener, into: Opener, file: Path) -> None:
        self.openers = (source, into)
        self.source, self.into = source.open().store, into.open().store
        self.file = file
        self.clock = HandClock(NOW)
        self.out = Transfers(self.source, OURS, self.clock, lambda s: self.clock.move(int(s * 1e3)))
        self.back = Transfers(self.into, THEIRS, self.clock, print)

    def export(self, wait_ms: int = 0) -> Sums:
        return self.out.export(1, self.file, wait_ms)

    def bring_in(self, seal: Seal = OURS, **how: Any) -> Import:
        return self.back.bring_in(
            TransferFile(self.file, seal), seal, **{"same_people": False} | how
        )


@pytest.fixture
def opened_at(
    tmp_path: Path, postgres: PrivatePostgres, schema: str
) -> Iterator[Callable[[str, str], Opener]]:
    """Whatever opens a new installation on an engine, by a name."""
    with ExitStack() as stack:

        def make(engine: str, name: str) -> Opener:
            url = postgres.new_database(like=schema) if engine == "postgres" else None
            opener = stack.enter_context(Opener(tmp_path / name, url))
            opener.open().store.migrate()
            return opener

        yield make


@pytest.fixture(params=PAIRS, ids="-".join)
def places(
    request: pytest.FixtureRequest, opened_at: Callable[[str, str], Opener], tmp_path: Path
) -> Places:
    """Two installations, the first with a VDN 1 that has something in each table."""
    source, into = (opened_at(engine, f"{n}") for n, engine in enumerate(request.param))
    fill(source)
    return Places(source, into, tmp_path / "vdn1.jsonl")


def fill(source: Opener) -> None:
    store, session = source.open()
    for vdn in (1, 2):
        has_campaign(session, vdn)
    with store.transaction():
        store.people.add([person("ann", 1), person("bob", 2)])
        store.rules.change([RulesOrder(1, HouseRules(slot_minutes=30), 0, "ann", NOW)])
    issue(store, OURS, HandClock(NOW), 1, "für CRM")
    issue(store, OURS, HandClock(NOW), None)
    first = booking(1, idempotency_key="once", idempotency_body="{}", remark='„\\u0000“ 你好 "')
    booked(store, first, booking(2, vdn=2))
    with session.transaction():
        item = {"vdn": 1, "parent": "", "code": "12345678", "name": "Sold", "place": 0}
        session.each("add_business_results", [item | {"description": "", "made_at": NOW}])
        session.rows("lock_campaigns", vdn=1)
    for least in range(10, MANY, 500):
        booked(store, *(booking(n, agent=f"a{n % 7}") for n in range(least, least + 500)))
    carry_out(store, order("r00010", Result(business_result="12345678")))
    end(store, ending(begun(store, 9001)))
    due(store, 9002, 9003)


def person(login: str, vdn: int) -> NewPerson:
    tie = Tie("https://login.example.com", login)
    return NewPerson(login, login.title(), Role("agent", vdn, "a1"), None, "sign-on", NOW, tie)


def stored(store: SqlStore, vdn: int = 1) -> Sums:
    return sums_of(store.transfers.rows(vdn))


def test_every_table_moves_or_stays_for_a_reason(opened_at: Callable[[str, str], Opener]) -> None:
    assert not TABLES.keys() & LEFT.keys()
    lists = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sql%'",
        "postgres": "SELECT relname FROM pg_stat_user_tables",
    }
    for engine, text in lists.items():
        there = {name for (name,) in opened_at(engine, engine).look(text)}
        assert there == TABLES.keys() | LEFT.keys()


def test_a_vdn_moves_whole_and_is_served_there_and_not_here(places: Places) -> None:
    other = stored(places.source, 2)
    before = stored(places.source)
    assert before.rows.keys() == TABLES.keys() - {"person"}  # there is something of each
    sums = places.export()
    assert sums == before
    assert sums.rows["reservation"] > MANY - 10
    assert stat.S_IMODE(places.file.stat().st_mode) == 0o600
    with pytest.raises(VdnGone):
        booked(places.source, booking(8000))
    with pytest.raises(VdnGone):
        carry_out(places.source, order("r00011", Result(fail_code="0")))
    assert claim(places.source, at=NOW + LEAD).attempts == []
    brought = places.bring_in()
    assert brought == Import(1, sums, again=False)
    assert stored(places.into) == sums
    assert places.into.people.get("ann") == places.source.people.get("ann")
    (key,) = [each for each in places.into.keys.all() if each.vdn == 1]
    (old,) = [each for each in places.source.keys.all() if each.vdn == 1]
    assert THEIRS.open(key.sealed_secret, key.ak, 1) == OURS.open(old.sealed_secret, old.ak, 1)
    days = (
        "SELECT vdn, day, campaign_id, SUM(listed) FROM campaign_day WHERE vdn = 1 GROUP BY 1, 2, 3"
    )
    waits = "SELECT id, promised_at, version, state FROM outstanding WHERE vdn = 1 ORDER BY id"
    for text in (days, waits):
        here, there = (opener.look(text) for opener in places.openers)
        assert here == there
    # What was booked is booked still; what waits is called there, once; and a second time is none.
    again = booking(1, idempotency_key="once", idempotency_body="{}", remark='„\\u0000“ 你好 "')
    assert [each.id for each in booked(places.into, again)] == ["r00001"]
    called = claim(places.into, at=NOW + LEAD).attempts
    assert sorted(each.reservation_id for each in called) == ["r09002", "r09003"]
    assert places.bring_in() == Import(1, sums, again=True)
    # Nothing else was touched.
    assert stored(places.source, 2) == other
    booked(places.source, booking(3, vdn=2))
    assert stored(places.into, 2).rows == {}


def test_an_import_that_is_killed_goes_on_and_is_not_served_meanwhile(places: Places) -> None:
    sums = places.export()
    into = places.openers[1]
    command = [sys.executable, "-c", KILLED, str(into.data_dir), into.url or "", str(places.file)]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    (arriving,) = places.into.transfers.all()
    assert (arriving.state, 0 < arriving.lines < sum(sums.rows.values())) == ("arriving", True)
    with pytest.raises(VdnGone):
        booked(places.into, booking(9999))
    assert claim(places.into, at=NOW + LEAD).attempts == []
    assert places.bring_in() == Import(1, sums, again=False)
    assert stored(places.into) == sums


def test_an_import_is_given_up_and_the_vdn_is_served_where_it_was(places: Places) -> None:
    before = places.export()

    def stop(done: int, _of: int, _what: str) -> None:
        if done >= 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        places.bring_in(tell=stop)
    places.back.forget(1)
    assert (places.into.transfers.all(), stored(places.into).rows) == ([], {})
    places.out.give_back(1)
    assert stored(places.source) == before
    booked(places.source, booking(8000))
    assert len(claim(places.source, at=NOW + LEAD).attempts) == 2
    with pytest.raises(TransferRefused, match="was not moved away"):
        places.out.give_back(1)


def test_what_was_changed_in_the_file_is_refused_and_nothing_is_stored(places: Places) -> None:
    places.export()
    whole = places.file.read_bytes()
    lines = whole.splitlines(keepends=True)
    head = json.loads(lines[0])
    for changed in (
        whole.replace(b"66660001", b"66660002", 1),
        b"".join(lines[:50] + lines[51:]),
        b"".join(lines[:-1]),
        whole[:-20],
        b"",
        b"".join([msgspec.json.encode(head | {"callkeeper_vdn": 2}) + b"\n", *lines[1:]]),
    ):
        places.file.write_bytes(changed)
        with pytest.raises(TransferRefused):
            places.bring_in()
    places.file.write_bytes(whole)
    with pytest.raises(TransferRefused, match="--sealed-with"):
        places.bring_in(THEIRS)
    assert (places.into.transfers.all(), stored(places.into).rows) == ([], {})


def test_a_vdn_that_is_there_is_left_alone(places: Places) -> None:
    has_campaign(places.openers[1].open().session, 1)
    booked(places.into, booking(1))
    there = stored(places.into)
    places.export()
    with pytest.raises(TransferRefused, match="is here already"):
        places.bring_in()
    assert stored(places.into) == there
    booked(places.into, booking(2))


def test_somebody_with_the_same_login_is_asked_about(places: Places) -> None:
    with places.into.transaction():
        link = new_link("link", "ann", NOW)
        places.into.people.add(
            [NewPerson("ann", "Another Ann", Role("agent", 3, "a3"), link, "bob", NOW)]
        )
    places.export()
    with pytest.raises(TransferRefused, match="login ann here"):
        places.bring_in()
    assert places.into.transfers.all() == []
    places.bring_in(same_people=True)
    ann = places.into.people.get("ann")
    assert ann is not None
    assert (ann.name, [each.vdn for each in ann.roles]) == ("Another Ann", [1, 3])
    assert places.into.people.tied(Tie("https://login.example.com", "ann")) is None


def test_an_export_waits_for_calls_and_refuses_where_they_go_on(places: Places) -> None:
    attempt = claim(places.source, ids=1).attempts[0]
    begin(places.source, attempt)
    with pytest.raises(TransferRefused, match="1 calls of VDN 1 are on"):
        places.export(1_000)
    assert places.source.transfers.all() == []
    assert not places.file.exists()
    booked(places.source, booking(8000))
    out = Transfers(places.source, OURS, places.clock, lambda _: finish(places.source, attempt))
    assert out.export(1, places.file, 60_000).rows["attempt"] == 2
    with pytest.raises(FileExistsError):
        places.export()
    places.file.unlink()
    assert places.export() == stored(places.source)  # it is gone, and written once more


def finish(store: SqlStore, attempt: Any) -> None:
    """End the call that is on; no other can begin meanwhile."""
    assert claim(store, at=NOW + LEAD).attempts == []
    end(store, ending(attempt))


def test_another_schema_is_refused(places: Places) -> None:
    places.export()
    number = places.into.schema_version() + 1
    later = Migration(number, f"{number}_later.sql", ["CREATE TABLE later (n INTEGER)"])
    places.openers[1].open().session.migrate([later])
    with pytest.raises(TransferRefused, match="bring both installations to one version"):
        places.bring_in()
    assert places.into.transfers.all() == []
